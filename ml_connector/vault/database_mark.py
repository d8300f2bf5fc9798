"""What tells a database from its copies."""

from dataclasses import dataclass

import psycopg2

from odoo.tools import SQL

_CACHE_KEY = "ml_connector.vault.database_mark"


@dataclass(frozen=True, slots=True)
class DatabaseMark:
    """The marks of a database. A dump carries the first one only.

    :param uuid: Odoo's own, which a copy made by Odoo's database manager does not keep
    :param system: number of the PostgreSQL cluster, which its standby servers share; empty where nobody may read it
    :param oid: number of the database in its cluster, which survives a change of its name
    """

    uuid: str
    name: str
    system: str
    oid: str

    def is_same(self, other):
        """Whether both are of one database. Its name counts only where the cluster cannot be told."""
        same = (self.uuid, self.system, self.oid) == (other.uuid, other.system, other.oid)
        return same and bool(self.uuid and self.oid) and (bool(self.system) or self.name == other.name)


def database_mark(env):
    """The marks of the database that we are connected to. They cannot change under a connection to PostgreSQL."""
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
    except psycopg2.Error:  # the role lacks the right, or the provider of the server has taken the function away
        return ""
