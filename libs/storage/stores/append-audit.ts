/** The statement that writes entries, also as a part of one that writes what they tell of. @param entries where they are, as JSON */
export function appendAudit(entries: string): string {
  return `INSERT INTO audit_entries (project_id, user_id, user_name, action, outcome, target_kind, target_id, target_name,
      detail, request_id, address, status, count, at)
    SELECT "projectId", "userId", "userName", action, outcome, "targetKind", "targetId", "targetName",
      detail, "requestId", address, status, coalesce(count, 1), coalesce(at, now())
    FROM jsonb_to_recordset(${entries}) AS entry("projectId" text, "userId" text, "userName" text, action text,
      outcome text, "targetKind" text, "targetId" text, "targetName" text, detail text, "requestId" text, address text,
      status integer, count integer, at timestamptz)`;
}
