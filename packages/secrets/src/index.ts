/** Secrets at rest: a master key in its own file, and values sealed under it, bound to purpose and row. */
export { SecretsError, type SecretsErrorCode } from './errors.ts';
export { createMasterKey, loadMasterKey, type MasterKey, masterKeyFile, masterKeyOf } from './master-key.ts';
export { open, reseal, type SealLabel, seal, sealedUnder } from './sealed.ts';
