/**
 * What a screen reader has of a page: the browser's own accessibility tree (the DevTools protocol's Accessibility domain),
 * where the focus is, and what is read out without being gone to.
 */
import type { CDPSession, Page } from 'playwright-core';

/** One thing of the tree that a screen reader can stop at. */
export interface Heard {
  role: string;
  name: string;
  description: string;
  level: number | undefined;
  disabled: boolean;
  /** The named regions, dialogs and rows that it is in, outermost first. */
  within: readonly string[];
}

export class ScreenReader {
  readonly page: Page;
  readonly #cdp: CDPSession;

  private constructor(page: Page, cdp: CDPSession) {
    this.page = page;
    this.#cdp = cdp;
  }

  /** Listens from the next load of a page on. */
  static async start(page: Page): Promise<ScreenReader> {
    await page.addInitScript(listen);
    const cdp = await page.context().newCDPSession(page);
    await cdp.send('Accessibility.enable');
    return new ScreenReader(page, cdp);
  }

  /** Everything on the page, in the order of reading. */
  async everything(): Promise<Heard[]> {
    const { nodes } = await this.#cdp.send('Accessibility.getFullAXTree');
    const byId = new Map(nodes.map((node) => [node.nodeId, node]));
    const heard: Heard[] = [];
    const walk = (id: string, within: readonly string[]) => {
      const node = byId.get(id);
      if (node === undefined) return;
      const role = String(node.role?.value ?? '');
      const name = String(node.name?.value ?? '').trim();
      const property = (wanted: string) => node.properties?.find((one) => one.name === wanted)?.value.value;
      if (!node.ignored) {
        const level = property('level');
        heard.push({
          role,
          name,
          description: String(node.description?.value ?? ''),
          level: typeof level === 'number' ? level : undefined,
          disabled: property('disabled') === true,
          within,
        });
      }
      const isPlace = !node.ignored && PLACES.has(role) && name !== '';
      for (const child of node.childIds ?? []) walk(child, isPlace ? [...within, name] : within);
    };
    const top = nodes.find(({ parentId }) => parentId === undefined);
    if (top !== undefined) walk(top.nodeId, []);
    return heard;
  }

  /** What has the focus, as `button "Add a key"`, by its text where it has no name; `nothing` where it fell back to the page. */
  async focus(): Promise<string> {
    const { result } = await this.#cdp.send('Runtime.evaluate', { expression: 'document.activeElement' });
    const { objectId } = result;
    if (objectId === undefined || result.className === 'HTMLBodyElement') return 'nothing';
    const { nodes } = await this.#cdp.send('Accessibility.getPartialAXTree', {
      objectId,
      fetchRelatives: false,
    });
    const name = String(nodes[0]?.name?.value ?? '').trim();
    const text = () => this.page.locator('*:focus').textContent();
    return `${nodes[0]?.role?.value} "${name === '' ? (await text())?.trim() : name}"`;
  }

  /** What was read out since this was asked last: what came into a place that was there and live, or as an alert. */
  announced(): Promise<string[]> {
    return this.page.evaluate(() => {
      const place = globalThis as unknown as { announced: string[] };
      return place.announced.splice(0);
    });
  }
}

const PLACES = new Set(['region', 'dialog', 'alertdialog', 'form', 'navigation', 'row']);

/** Runs in the page. A live region speaks of what changes in it once it is there, not of what it is born with; an alert of both. */
function listen(): void {
  interface Place {
    nodeType: number;
    parentElement: Place | null;
    textContent: string | null;
    isConnected: boolean;
    closest(selector: string): Place | null;
    matches(selector: string): boolean;
    querySelectorAll(selector: string): Iterable<Place>;
    getClientRects(): { length: number };
  }
  interface Mutation {
    type: string;
    target: Place;
    addedNodes: Iterable<Place>;
  }
  const here = globalThis as unknown as {
    announced: string[];
    document: Place;
    MutationObserver: new (
      seen: (records: Mutation[]) => void,
    ) => { observe(target: object, options: object): void };
  };
  const LIVE = '[role="status"], [role="alert"], [role="log"], [aria-live="polite"], [aria-live="assertive"]';
  const isAlert = (place: Place) => place.matches('[role="alert"], [aria-live="assertive"]');
  const isRendered = (place: Place) => place.isConnected && place.getClientRects().length > 0;
  here.announced = [];
  let known = new Set<Place>();
  setInterval(() => {
    known = new Set([...here.document.querySelectorAll(LIVE)].filter(isRendered));
  }, 30);
  new here.MutationObserver((records) => {
    const changed = new Set<Place>();
    for (const { target, addedNodes } of records) {
      const place = (target.nodeType === 1 ? target : target.parentElement)?.closest(LIVE);
      if (place) changed.add(place);
      for (const node of addedNodes) {
        if (node.nodeType !== 1) continue;
        for (const one of [node, ...node.querySelectorAll(LIVE)]) if (one.matches(LIVE)) changed.add(one);
      }
    }
    for (const place of changed) {
      const text = (place.textContent ?? '').replace(/\s+/g, ' ').trim();
      const speaks = isRendered(place) && (isAlert(place) || known.has(place));
      if (speaks && text !== '' && here.announced.at(-1) !== text) here.announced.push(text);
    }
  }).observe(here.document, {
    subtree: true,
    childList: true,
    characterData: true,
    attributes: true,
    attributeFilter: ['hidden'],
  });
}
