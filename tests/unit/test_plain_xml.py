"""XML from outside has no document type and no entities, in whatever encoding, and its size and depth are bounded."""

import time

import pytest

from ml_connector.core.files import plain_xml
from ml_connector.providers.concur.receipts import image_url

ENTITY = '<?xml version="1.0" encoding="{}"?><!DOCTYPE a [<!ENTITY b "https://evil.example/x">]><Image><Url>&b;</Url></Image>'
PLAIN = '<?xml version="1.0" encoding="{}"?><Image xmlns="http://www.concursolutions.com/api/image/2011/02"><Id>1</Id><Url>https://a.example/?x=1&amp;y=2</Url></Image>'
ENCODINGS = ["utf-8", "utf-16", "iso-8859-1"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_an_image_is_named_in_plain_xml_only(encoding):
    assert image_url(ENTITY.format(encoding).encode(encoding)) == ""
    assert image_url(PLAIN.format(encoding).encode(encoding)) == "https://a.example/?x=1&y=2"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"<Image>",
        b"<Image/>",
        b'<!DOCTYPE Image SYSTEM "file:///etc/passwd"><Image><Url>x</Url></Image>',
        b"<Image>" + b"<a>" * 50 + b"<Url>x</Url>" + b"</a>" * 50 + b"</Image>",
        b"<Image>" + b"<a/>" * 200 + b"<Url>x</Url></Image>",
        b"<Image><Url>&b;</Url></Image>",
    ],
)
def test_what_is_not_the_form_of_an_image_names_none(content):
    assert image_url(content) == ""


def test_bounds():
    for content, reason in (
        (b"<a>" * 13 + b"</a>" * 13, "depth"),
        (b"<a>" + b"<b/>" * 10 + b"</a>", "size"),
        (b'<?xml version="1.0" encoding="nope"?><a/>', "encoding"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "doctype"),
    ):
        with pytest.raises(plain_xml.XmlError) as caught:
            plain_xml.parse(content, max_elements=20 if reason == "depth" else 10)
        assert (caught.value.reason, caught.value.code) == (reason, None)


def test_text_of_a_megabyte_takes_no_time():
    started = time.process_time()
    plain_xml.parse(b"<a>" + b"&amp;x\n" * 150_000 + b"</a>")
    assert time.process_time() - started < 1.0
