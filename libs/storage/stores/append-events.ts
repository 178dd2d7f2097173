/** Any number, the same in every process: it keeps these advisory locks apart from others. */
const EVENT_LOCK = 0x65_76_74;

/**
 * The parts of a statement that writes events, also of one that writes what they tell of: `WITH ${with} ${insert}`.
 *
 * A bay's lock is taken before the number is drawn and held until the end of the transaction: without it a reader could see
 * a later number, commit first, and never ask for the earlier one. In one order, so that nobody waits in a circle.
 * @param events where they are, as JSON
 */
export function appendEvents(events: string): { readonly with: string; readonly insert: string } {
  return {
    with: `told AS (SELECT * FROM ROWS FROM (jsonb_to_recordset(${events}) AS ("bayId" uuid, "nodeId" uuid, kind text,
        level text, message text)) WITH ORDINALITY AS told("bayId", "nodeId", kind, level, message, place)),
      turns AS MATERIALIZED (SELECT count(pg_advisory_xact_lock(${String(EVENT_LOCK)}, turn)) FROM
        (SELECT DISTINCT hashtext("bayId"::text) AS turn FROM told ORDER BY turn) AS ordered)`,
    insert: `INSERT INTO bay_events (bay_id, project_id, node_id, kind, level, message, at)
      SELECT bays.id, bays.project_id, "nodeId", kind, level, message, clock_timestamp()
      FROM turns CROSS JOIN told JOIN bays ON bays.id = "bayId" ORDER BY place`,
  };
}
