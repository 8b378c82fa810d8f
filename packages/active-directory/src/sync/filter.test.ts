/** What ldapts makes of a filter's escapes, once they are readable. */
import { EqualityFilter, FilterParser } from 'ldapts';
import { expect, it } from 'vitest';
import { readableFilter } from './filter.ts';

const readValue = (filter: string) => {
  const parsed = FilterParser.parseString(readableFilter(filter));
  return parsed instanceof EqualityFilter ? parsed.value : expect.fail('no equality');
};

it.each([
  ['(cn=Zo\\c3\\a9)', 'Zoé'],
  ['(cn=\\e6\\97\\a5\\e6\\9c\\ac)', '日本'],
  ['(cn=Zoé)', 'Zoé'],
  ['(cn=\\c3\\a9\\2a\\28x\\29\\5c)', 'é*(x)\\'],
  ['(cn=a\\2ab)', 'a*b'],
])('reads %s', (filter, value) => {
  expect(readValue(filter)).toBe(value);
});

it('leaves what is not escaped as it is', () => {
  const filter = '(&(department=Sales)(!(title=\\2a*)))';
  expect(readableFilter(filter)).toBe(filter);
});

it.each(['(objectGUID=\\a0\\b1)', '(cn=a', '(cn)', '(cn=a)(cn=b)', ''])('says that %j is none', (filter) => {
  expect(() => readableFilter(filter)).toThrow(expect.objectContaining({ code: 'filter-malformed' }));
});
