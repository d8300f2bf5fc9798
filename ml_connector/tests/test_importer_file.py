import errno
import os
from io import BytesIO, FileIO
from pathlib import Path
from unittest.mock import patch
from uuid import uuid4

import psycopg2
from PIL import Image

from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.ml_connector.core.documents import DownloadedFile, Files
from odoo.addons.ml_connector.core.stored_files import OFFICE, UNKNOWN, stored_name
from odoo.addons.ml_connector.engine.failures import as_connector_error
from odoo.addons.ml_connector.models.ml_error_class import ERROR_CLASSES

from .common_writers import WriterCase

PDF = b"%PDF-1.4 not really"


@tagged("post_install", "-at_install")
class TestWriterFile(WriterCase):
    def setUp(self):
        super().setUp()
        self.move = self.written("bill", self.bill())

    def files(self, *contents, subject="b1"):
        files = tuple(DownloadedFile(name=name, mimetype=kind, content=content) for name, kind, content in contents)
        return Files(subject_kind="bill", subject_external_id=subject, subject_name="NR", files=files)

    def attachments(self, move=None):
        domain = [("res_model", "=", "account.move"), ("res_id", "=", (move or self.move).id)]
        return self.env["ir.attachment"].search(domain, order="id")

    def test_files_are_attached(self):
        document = self.files(("note.txt", "text/plain", b"text"), ("bill.pdf", "application/pdf", PDF))
        (entry,) = self.book("file", document)
        self.assertEqual((entry.outcome, entry.record), ("updated", self.move))
        self.assertEqual(entry.note, "Attached: note.txt, bill.pdf.")
        note, bill = self.attachments()
        self.assertEqual((note.name, bill.name, bill.raw), ("note.txt", "bill.pdf", PDF))
        self.assertEqual(self.move.message_main_attachment_id, bill)

    def test_same_content_is_attached_once(self):
        document = self.files(("bill.pdf", "application/pdf", PDF), ("copy.pdf", "application/pdf", PDF))
        self.book("file", document)
        self.assertEqual(len(self.attachments()), 1)
        self.assertEqual(self.written("file", document, "unchanged"), self.move)
        self.written("file", self.files(("late.pdf", "application/pdf", PDF + b"2")), "updated")
        self.assertEqual((len(self.attachments()), self.move.message_main_attachment_id.name), (2, "bill.pdf"))

    def test_a_file_that_comes_twice_in_a_batch_is_kept_once_for_each_record(self):
        other = self.written("bill", self.bill("b2"))
        content = ("bill.pdf", "application/pdf", PDF)
        self.book("file", *[self.files(content)] * 2, self.files(content, subject="b2"))
        self.assertEqual((len(self.attachments()), len(self.attachments(other))), (1, 1))

    def image(self, form="JPEG", size=(3024, 4032)):
        content = BytesIO()
        Image.effect_noise((size[0] // 8, size[1] // 8), 40).resize(size).convert("RGB").save(content, form)
        return content.getvalue()

    def test_a_name_ends_as_what_the_file_is(self):
        cases = {
            ("Receipts R1.pdf", "image/jpeg"): "Receipts R1.jpg",
            ("Receipts R1.pdf", "application/pdf"): "Receipts R1.pdf",
            ("photo.jpeg", "image/jpeg"): "photo.jpeg",
            ("Invoice 1.5", "image/png"): "Invoice 1.5.png",
            ("notes.txt", "application/pdf"): "notes.txt.pdf",
            ("a.pdf", "application/octet-stream"): "a.pdf",
        }
        for (name, mimetype), stored in cases.items():
            self.assertEqual(stored_name(name, mimetype), stored)

    def test_a_photo_is_what_is_shown_where_there_is_no_document(self):
        self.book("file", self.files(("photo.jpg", "image/jpeg", self.image(size=(80, 80)))))
        self.assertEqual(self.move.message_main_attachment_id.name, "photo.jpg")

    def test_originals_are_kept_to_the_byte_and_once(self):
        contents = [
            ("photo.jpg", "image/jpeg", self.image()),
            ("wide.png", "image/png", self.image("PNG", (2560, 1440))),
            ("bill.pdf", "application/pdf", PDF),
        ]
        for number in range(1, len(contents) + 1):
            self.book("file", self.files(*contents[:number]))
        kept = self.attachments()
        self.assertEqual([file.raw for file in kept], [content for _name, _type, content in contents])
        self.assertEqual(self.book("file", self.files(*contents))[0].outcome, "unchanged")
        # as Odoo does when it posts an expense
        copies = kept.copy({"res_model": "res.partner", "res_id": self.vendor.id})
        self.assertEqual(copies.mapped("raw"), kept.mapped("raw"))

    def test_what_another_addon_alters_is_attached_once(self):
        def altered(attachments, values):
            values["raw"] += b"altered"
            return values

        document = self.files(("bill.pdf", "application/pdf", PDF), ("note.txt", "text/plain", b"text"))
        with patch.object(type(self.env["ir.attachment"]), "_check_contents", altered):
            self.book("file", document)
        for _poll in range(2):
            self.written("file", document, "unchanged")
        bill, note = self.attachments()
        self.assertEqual(note.raw, b"textaltered")
        bill.unlink()
        self.book("file", document)
        self.assertEqual(self.attachments().mapped("raw"), [b"textaltered", PDF])

    def test_a_full_disk_leaves_nothing_in_the_way(self):
        attachments = self.env["ir.attachment"]
        self.env["ir.config_parameter"].set_param("ir_attachment.location", "file")
        content = PDF + uuid4().bytes
        checksum = attachments._compute_checksum(content)
        path = Path(attachments._full_path(f"{checksum[:2]}/{checksum}"))
        self.addCleanup(path.unlink, missing_ok=True)

        class Full(FileIO):
            def write(self, data):
                super().write(data[:5])
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        def full_disk(file, mode="r", *args, **kwargs):
            return Full(file, "w") if "w" in mode else open(file, mode, *args, **kwargs)

        document = self.files(("bill.pdf", "application/pdf", content))
        with (
            patch("odoo.addons.base.models.ir_attachment.open", full_disk, create=True),
            self.assertRaises(OSError),
        ):
            self.book("file", document)
        self.assertFalse(path.exists())
        # what a killed process left
        path.write_bytes(b"")
        self.book("file", document)
        self.assertEqual(path.read_bytes(), content)

    def test_passing_faults_of_the_server_are_tried_again(self):
        for error, words in (
            (OSError(errno.ENOSPC, "x"), "disk of the server is full"),
            (OSError(errno.EDQUOT, "x"), "disk of the server is full"),
            (OSError(errno.EROFS, "x"), "Read-only file system"),
            (PermissionError(errno.EACCES, "x"), "Permission denied"),
            (OSError(errno.EMFILE, "x"), "Too many open files"),
            (MemoryError(), "out of memory"),
            (psycopg2.errors.DiskFull(), "disk of the database server is full"),
        ):
            problem = as_connector_error(self.connection, error)
            self.assertIn(words, problem.message)
            self.assertTrue(ERROR_CLASSES[problem.error_class].retried)
        with mute_logger("odoo.addons.ml_connector.engine.failures"):
            for error in (FileNotFoundError(errno.ENOENT, "x"), ValueError("x"), psycopg2.errors.UndefinedTable()):
                self.assertEqual(as_connector_error(self.connection, error).error_class, "bug")

    def test_nothing_is_kept_that_a_browser_would_run(self):
        script = b"<script>alert(1)</script>"
        hostile = (
            ("text/html", b"<html>" + script),
            ("application/xhtml+xml", b"<?xml version='1.0'?><html/>"),
            ("image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'>" + script + b"</svg>"),
            ("image/svg", b"<svg/>"),
            ("text/xsl", b"<xsl:stylesheet/>"),
            ("application/pdf", b"\n\t<html>" + script),
            ("image/png", "\ufeff<svg/>".encode("utf-16")),
            ("application/octet-stream", b"<!DOCTYPE html>" + script),
            ("", b"<!-- --><html>" + script),
            ("text/html; charset=utf-8", b"no markup at first " + script),
            ("TEXT/HTML", b"upper case " + script),
            ("application/javascript", b"alert(1)"),
            ("multipart/x-mixed-replace", b"--x"),
        )
        files = [(f"{number}.bin", *entry) for number, entry in enumerate(hostile)]
        self.book("file", self.files(*files))
        kept = self.attachments()
        self.assertEqual(len(kept), len(hostile))
        self.assertFalse([file.mimetype for file in kept if file.mimetype not in ("text/plain", UNKNOWN)])

    def test_what_people_look_at_keeps_its_type(self):
        types = ("application/pdf", "image/png", "text/csv", f"{OFFICE[0]}spreadsheetml.sheet")
        self.book("file", self.files(*((mimetype, mimetype, mimetype.encode()) for mimetype in types)))
        self.assertEqual(self.attachments().mapped("mimetype"), list(types))

    def test_dependency(self):
        self.assertEqual(self.writer("file")._dependencies(self.files()), (("bill", "b1", "NR"),))
        self.assertFalse(self.writer("file")._binds)
