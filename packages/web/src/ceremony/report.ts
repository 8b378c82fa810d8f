/** Tells the tenant of a ceremony that failed in the browser; for the pages of the application. */
import { api } from '../api/client.ts';
import type { Report } from './run.ts';

export const reportFailure: Report = async (failure) =>
  (await api.post<{ traceId: string }>('/ceremony-failures', failure)).traceId;
