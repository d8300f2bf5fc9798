import re


class OwnId(int):
    """The id of a record of ours as others are told it: `17-K7QX2M`, where that is written as text.

    A database that was restored from a dump gives the same ids once more, to other records. These are born at another
    moment, so their mark is another one, while a record that came out of the dump keeps its mark, and what was sent of
    it is found again. A random key would be lost with the restored database together with the knowledge of what was
    sent. Records that others knew before there were marks are known without.
    """

    def __new__(cls, value, mark=""):
        own_id = super().__new__(cls, value)
        own_id.mark = mark
        return own_id

    def __str__(self):
        return f"{int(self)}-{self.mark}" if self.mark else int.__repr__(self)

    @classmethod
    def read(cls, text):
        """The id that a text is; None when it is none."""
        found = re.fullmatch(r"(\d{1,15})(?:-([A-Z2-7]{6}))?", text, re.ASCII)
        return cls(found[1], found[2] or "") if found else None
