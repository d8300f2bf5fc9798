"""Tells a database from its copies."""

from dataclasses import dataclass

import psycopg2

from odoo.tools import SQL

_CACHE_KEY = "ml_connector.vault.database_mark"


@dataclass(frozen=True, slots=True)
class DatabaseMark:
    """The marks of a database. A dump contains only the first one.

    :param uuid: Odoo's own; a copy by Odoo's database manager gets another one
    :param system: number of the PostgreSQL cluster, which its standby servers share; empty if it cannot be read
    :param oid: number of the database in its cluster, which stays when the database is renamed
    """

    uuid: str
    name: str
    system: str
    oid: str

    def is_same(self, other):
        """Whether both belong to one database. Its name counts only if the cluster is unknown."""
        same = (self.uuid, self.system, self.oid) == (other.uuid, other.system, other.oid)
        return same and bool(self.uuid and self.oid) and (bool(self.system) or self.name == other.name)


def database_mark(env):
    """The marks of the current database. They cannot change during a connection to PostgreSQL."""
    if _CACHE_KEY not in env.cr.cache:
        [(oid,)] = env.execute_query(SQL("SELECT oid::text FROM pg_database WHERE datname = current_database()"))
        env.cr.cache[_CACHE_KEY] = (_system(env.cr), oid)
    system, oid = env.cr.cache[_CACHE_KEY]
    # sudo: the uuid is readable by administrators only
    uuid = env["ir.config_parameter"].sudo().get_param("database.uuid") or ""
    return DatabaseMark(uuid, env.cr.dbname, system, oid)


def _system(cr):
    try:
        with cr.savepoint(flush=False):
            cr.execute(SQL("SELECT system_identifier::text FROM pg_control_system()"), log_exceptions=False)
            return cr.fetchone()[0]
    except psycopg2.Error:  # the role lacks the right, or the host of the server has removed the function
        return ""
