import re


class OwnId(int):
    """The ID of an Odoo record as Odoo sends it to providers: `17-K7QX2M` as text.

    A database restored from a dump assigns the same IDs again, to other records. These are created at another time, so
    their mark differs. A record of the dump keeps its mark, so its counterpart at the provider is found again. A random
    key would be lost with the restored database. Records that were sent before marks existed have none.
    """

    def __new__(cls, value, mark=""):
        own_id = super().__new__(cls, value)
        own_id.mark = mark
        return own_id

    def __str__(self):
        return f"{int(self)}-{self.mark}" if self.mark else int.__repr__(self)

    @classmethod
    def read(cls, text):
        """The ID in a text; None if it is not one."""
        found = re.fullmatch(r"(\d{1,15})(?:-([A-Z2-7]{6}))?", text, re.ASCII)
        return cls(found[1], found[2] or "") if found else None
