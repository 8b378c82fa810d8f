/** What a computer of the domain asks of its directory to become a device of the tenant. */
export { ActiveDirectoryError } from '../errors.ts';
export { type DomainSession, openMachineSession } from '../session.ts';
export { type Computer, readComputer, writeComputerCertificate } from './computer.ts';
export { readHybridTenant } from './connection-point.ts';
