/** What the script asks the tenant for, on the way. */
import type { FailureReport } from '../ceremony/run.ts';
import type { PageConfig } from './page-config.ts';

async function post(url: string, body: string, type: string): Promise<Record<string, unknown>> {
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      body,
      headers: { accept: 'application/json', 'content-type': type },
      credentials: 'same-origin',
    });
  } catch {
    throw new Error('The server cannot be reached. Check your connection and try again.');
  }
  const answer = (await response.json()) as Record<string, unknown>; // the tenant's answers are objects
  if (response.ok) return answer;
  const { error_description: text, trace_id: traceId } = answer;
  throw new Error(`${String(text)} (trace id ${String(traceId)})`);
}

export const postJson = (url: string, body: unknown) => post(url, JSON.stringify(body), 'application/json');

/** A fresh challenge, with the rest of the page's data. */
export async function freshConfig(config: PageConfig): Promise<PageConfig> {
  const form = new URLSearchParams({ ctx: config.sCtx, canary: config.canary });
  const answer = await post(config.urlFidoLogin, form.toString(), 'application/x-www-form-urlencoded');
  return answer as unknown as PageConfig; // the same page's data
}

/** The ids of someone's keys, base64url. */
export async function keysOf(config: PageConfig, username: string): Promise<string[]> {
  const asked = { username, isFidoSupported: true, originalRequest: config.sCtx, flowToken: config.sFT };
  const answer = await postJson(config.urlGetCredentialType, asked);
  const { Credentials: found } = answer as { Credentials: { FidoParams: { AllowList: string[] } } };
  return found.FidoParams.AllowList.map((id) =>
    id.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', ''),
  );
}

/** Tells of a failure; the trace id under which it was logged. */
export const reportFailure = (config: PageConfig, failure: FailureReport) =>
  reportTo(config.kennel.urlReport, failure);

export async function reportTo(url: string, told: unknown): Promise<string | undefined> {
  const answer = await postJson(url, told);
  return typeof answer.traceId === 'string' ? answer.traceId : undefined;
}
