/** Public surface of the package. */
export { dcAnswersPage } from './dc-answers/page.ts';
export { type DemoOptions, type DemoReady, type RunningDemo, runDemo } from './demo/demo.ts';
export { DemoFailure, type StepReport } from './demo/stage.ts';
export { type LabDomain, type LabDomainOptions, startLabDomain } from './domain/lab-domain.ts';
