/**
 * A table; on a phone a list with a card for each row, so that nothing is to be pushed sideways. Where a table is too wide
 * all the same it scrolls by itself, also by keyboard.
 */
import { Card, Stack, Table, Text } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { type ReactNode, useId } from 'react';

interface Props {
  caption: string;
  headings: readonly string[];
  /** Each with a key of its own, and a cell for each heading; the first names the row. */
  rows: readonly { key: string; cells: readonly ReactNode[] }[];
  nothing: string;
  minWidth?: number;
}

export function DataTable(props: Props) {
  const isNarrow = useMediaQuery('(max-width: 40em)', undefined, { getInitialValueInEffect: false });
  if (props.rows.length === 0) return <Text mt="md">{props.nothing}</Text>;
  return isNarrow === true ? <Cards {...props} /> : <Wide {...props} />;
}

function Wide({ caption, headings, rows, minWidth = 480 }: Props) {
  return (
    <Table.ScrollContainer
      minWidth={minWidth}
      mt="md"
      scrollAreaProps={{ viewportProps: { tabIndex: 0, role: 'region', 'aria-label': caption } }}
    >
      <Table striped verticalSpacing="xs">
        <Table.Caption c="var(--mantine-color-text)">{caption}</Table.Caption>
        <Table.Thead>
          <Table.Tr>
            {headings.map((heading) => (
              <Table.Th key={heading} scope="col">
                {heading}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(({ key, cells }) => (
            <Table.Tr key={key}>
              {headings.map((heading, index) => (
                <Table.Td key={heading}>{cells[index]}</Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Cards({ caption, headings, rows }: Props) {
  const [, ...others] = headings;
  const id = useId();
  return (
    <>
      <Stack component="ul" className="cards" gap="sm" mt="md" aria-labelledby={id}>
        {rows.map(({ key, cells: [first, ...cells] }) => (
          <Card key={key} component="li" withBorder padding="sm">
            <Text component="div" fw={600}>
              {first}
            </Text>
            <dl>
              {others.flatMap((heading, index) => {
                const cell = cells[index];
                if (cell === undefined || cell === null || cell === '') return [];
                return (
                  <div key={heading}>
                    <dt>{heading}</dt>
                    <dd>{cell}</dd>
                  </div>
                );
              })}
            </dl>
          </Card>
        ))}
      </Stack>
      <Text size="sm" ta="center" mt="sm" id={id}>
        {caption}
      </Text>
    </>
  );
}
