/**
 * `npm run bench [NAME]`: runs those that are named, or all but `sync`, which takes minutes and a real domain.
 * `--json` prints exactly one object, {"figures":{name:number},"ratios":{name:number}}; ratios are against bare
 * operations measured in the same run.
 */
import { parseArgs } from 'node:util';
import { type BenchResult, benchMint } from './mint.ts';
import { benchPrt } from './prt.ts';
import { benchSync } from './sync.ts';
import { benchWebauthn } from './webauthn.ts';

const BENCHMARKS: Readonly<Record<string, () => BenchResult | Promise<BenchResult>>> = {
  mint: benchMint,
  webauthn: benchWebauthn,
  prt: benchPrt,
  sync: benchSync,
};

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const names =
  positionals.length > 0 ? positionals : Object.keys(BENCHMARKS).filter((name) => name !== 'sync');
const all: BenchResult = { figures: {}, ratios: {} };
for (const name of names) {
  const benchmark = BENCHMARKS[name];
  if (!benchmark) {
    console.error(`There is no benchmark "${name}". There are: ${Object.keys(BENCHMARKS).join(', ')}.`);
    process.exit(2);
  }
  const { figures, ratios } = await benchmark();
  Object.assign(all.figures, figures);
  Object.assign(all.ratios, ratios);
}
if (values.json) {
  console.log(JSON.stringify(all));
} else {
  for (const [name, value] of Object.entries({ ...all.figures, ...all.ratios }))
    console.log(`${name.padEnd(32)}${value.toLocaleString('en').padStart(14)}`);
}
