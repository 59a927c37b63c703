/** Group roles: logins of the service are members of one of them, and none of them logs in itself. */
export const ownerRole = 'triptych_owner';
/** Sees the rows of the tenant that `app.tenant` names, for each transaction anew; none where it names none. */
export const appRole = 'triptych_app';
/** Sees the rows of every tenant, for work in the background. */
export const workerRole = 'triptych_worker';

export const groupRoles = [ownerRole, appRole, workerRole] as const;
export type GroupRole = (typeof groupRoles)[number];

/** Rows (name) of the group roles that are missing. */
export const missingRolesText = `SELECT name FROM unnest($1::text[]) AS wanted(name)
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)`;

/** Makes a group role; one that is there, or that somebody makes at the same moment, is as good. */
export function createRoleText(role: GroupRole): string {
  return `DO $$ BEGIN CREATE ROLE ${role} NOLOGIN NOSUPERUSER NOBYPASSRLS;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$`;
}
