/** The locator alone, for those who need nothing else of the package (a device). */
export { ActiveDirectoryError } from '../errors.ts';
export { type LocateOptions, locateDomainControllers } from './locate.ts';
