/** The last good metadata BLOB. There is one row, and its number only rises. */
import type { Store } from '../store/open.ts';
import type { Database } from '../store/schema.ts';

type BlobRow = Database['metadata_blob'];
const ID = 'fido';

export function storedBlob(store: Store): Promise<BlobRow | undefined> {
  return store.selectFrom('metadata_blob').selectAll().where('id', '=', ID).executeTakeFirst();
}

export function storedBlobNumber(store: Store): Promise<Pick<BlobRow, 'number'> | undefined> {
  return store.selectFrom('metadata_blob').select('number').where('id', '=', ID).executeTakeFirst();
}

/**
 * Keeps a BLOB unless there is one of that number or a higher one; false then. One statement.
 *
 * @param foreign the number of one that gives way whatever its number: it is not of the root that is trusted now
 */
export async function keepBlob(store: Store, row: Omit<BlobRow, 'id'>, foreign?: number): Promise<boolean> {
  const result = await store
    .insertInto('metadata_blob')
    .values({ id: ID, ...row })
    .onConflict((conflict) =>
      conflict
        .column('id')
        .doUpdateSet(row)
        .where(({ eb, or }) =>
          or([
            eb('metadata_blob.number', '<', row.number),
            ...(foreign === undefined ? [] : [eb('metadata_blob.number', '=', foreign)]),
          ]),
        ),
    )
    .executeTakeFirst();
  return result.numInsertedOrUpdatedRows === 1n;
}
