/** Opens one connection for one piece of work. */
import pg from 'pg'

/**
 * @template Result
 * @param {string} url
 * @param {(client: pg.Client) => Promise<Result>} work
 * @returns {Promise<Result>}
 */
export async function withClient(url, work) {
  const client = new pg.Client(connectionOptions(url))
  // The next query reports a connection that broke while it was idle; without a listener the event would end the process.
  client.on('error', () => {})
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/**
 * Prisma's `schema` parameter becomes the search path, as in Prisma's own engine. A statement may run for hours, so no limit
 * ends it, but the kernel reports a connection that has been dropped.
 * @param {string} url
 */
export function connectionOptions(url) {
  return {
    connectionString: url,
    options: `-c TimeZone=UTC -c search_path=${quoted(schemaOf(url))}`,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  }
}

/**
 * @param {string} url
 * @returns the schema that the URL names
 */
export function schemaOf(url) {
  return new URL(url).searchParams.get('schema') ?? 'public'
}

/**
 * Quotes an identifier, then escapes it for the `options` start-up parameter.
 * @param {string} name
 */
function quoted(name) {
  return `"${name.replaceAll('"', '""')}"`.replace(/[\\ ]/g, '\\$&')
}
