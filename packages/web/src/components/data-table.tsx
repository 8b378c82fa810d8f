/** A table that scrolls by itself where it is too wide, also by keyboard. */
import { Table, Text } from '@mantine/core';
import type { ReactNode } from 'react';

interface Props {
  caption: string;
  headings: readonly string[];
  /** Each with a key of its own, and a cell for each heading. */
  rows: readonly { key: string; cells: readonly ReactNode[] }[];
  nothing: string;
  minWidth?: number;
}

export function DataTable({ caption, headings, rows, nothing, minWidth = 480 }: Props) {
  if (rows.length === 0) return <Text mt="md">{nothing}</Text>;
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
