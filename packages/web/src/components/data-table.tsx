/**
 * A table; on a phone a list with a card for each row, so that nothing is to be pushed sideways. Where a table is too wide
 * all the same it scrolls by itself, also by keyboard. What it is or how much was found stands above it, and is read out
 * when it changes.
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
  const id = useId();
  const Rows = isNarrow === true ? Cards : Wide;
  return (
    <>
      <Text id={id} role="status" size="sm" mt="md">
        {props.rows.length === 0 ? props.nothing : props.caption}
      </Text>
      {props.rows.length > 0 && <Rows {...props} captionId={id} />}
    </>
  );
}

type RowsProps = Props & { captionId: string };

function Wide({ captionId, headings, rows, minWidth = 480 }: RowsProps) {
  return (
    <Table.ScrollContainer
      minWidth={minWidth}
      mt="xs"
      scrollAreaProps={{ viewportProps: { tabIndex: 0, role: 'region', 'aria-labelledby': captionId } }}
    >
      <Table striped verticalSpacing="xs" aria-labelledby={captionId}>
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
              <Table.Th scope="row" fw={500}>
                {cells[0]}
              </Table.Th>
              {headings.slice(1).map((heading, index) => (
                <Table.Td key={heading}>{cells[index + 1]}</Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

/** A browser takes a list without bullets for no list: hence the role. */
function Cards({ captionId, headings, rows }: RowsProps) {
  const [, ...others] = headings;
  return (
    <Stack component="ul" role="list" className="cards" gap="sm" mt="xs" aria-labelledby={captionId}>
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
  );
}
