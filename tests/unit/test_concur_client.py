"""Concur's client against its sandbox: tokens, data centres, errors, paging."""

import contextlib
from dataclasses import replace
from datetime import datetime

import pytest
from concur_support import client_of, obeyed_sandbox
from sandbox.concur import ConcurSandbox, ConcurSettings, forms
from sandbox.concur.state import REQUEST_TOKEN
from support.tokens import MemoryTokens

from ml_connector.core.errors import AuthError, NetworkError, RateLimitError, RemoteError
from ml_connector.core.http.oauth import AccessToken
from ml_connector.providers.concur.financial_documents import acknowledge, confirm, document, ready_documents
from ml_connector.providers.concur.vendors import vendor_pages

TOKENS = "/oauth2/v0/token"


class NotingTokens(MemoryTokens):
    """Keeps which renewals got no answer, as the database's store does."""

    def renew(self, fetch, rejected):
        return super().renew(lambda: self._noting(fetch), rejected)

    def get(self, fetch):
        return super().get(lambda: self._noting(fetch))

    def _noting(self, fetch):
        try:
            return fetch()
        except NetworkError:
            self._grant = replace(self._grant, lost_at=datetime(2026, 9, 30, 12))
            raise


@pytest.fixture
def sandbox():
    with obeyed_sandbox() as running:
        yield running


@pytest.fixture
def tokens():
    return MemoryTokens()


def connect(sandbox, tokens, **options):
    return client_of(sandbox.url, tokens, **options)


@pytest.fixture
def client(sandbox, tokens):
    return connect(sandbox, tokens)


def scripted(script, tokens):
    """A client that has a token of the scripted server."""
    tokens.get(lambda: AccessToken("token", 3600))
    return client_of(script.url, tokens)


def grants(sandbox):
    return sandbox.control.effects("token").get("token", {})


def test_first_token_and_the_data_centre_it_names(sandbox, client, tokens):
    assert ready_documents(client, "expense")
    assert tokens.stored().location == sandbox.centres["us2"]
    assert {"FISVC", "IMAGE"} <= set(tokens.stored().scope.split())
    assert grants(sandbox) == {"password": 1}


def test_an_ended_token_is_renewed_with_the_refresh_token_and_the_new_one_is_kept(sandbox, client, tokens):
    ready_documents(client, "expense")
    for _again in range(3):
        before = tokens.stored().refresh_token
        sandbox.control.end_access_tokens()
        assert ready_documents(client, "expense")
        assert tokens.stored().refresh_token != before
    assert grants(sandbox) == {"password": 1, "refresh_token": 3}


def test_a_403_may_mean_that_the_token_has_ended(sandbox, tokens):
    ready_documents(connect(sandbox, tokens), "expense")
    sandbox.control.settings(ended_status=403)
    sandbox.control.end_access_tokens()
    assert ready_documents(connect(sandbox, tokens), "expense")
    assert grants(sandbox) == {"password": 1, "refresh_token": 1}


def test_a_403_with_a_fresh_token_is_final_and_names_the_scopes(tokens):
    with ConcurSandbox(size="small", scopes=["IMAGE"]) as sandbox:
        with pytest.raises(AuthError, match="has these scopes: IMAGE"):
            ready_documents(connect(sandbox, tokens), "expense")
        assert grants(sandbox) == {"password": 1}


def test_the_company_moves_in_the_middle(sandbox, client, tokens):
    """Its token is refused, the old centre says where the company lives, and the call goes on there."""
    assert ready_documents(client, "expense")
    sandbox.control.move_tenant(centre="eu2")
    assert ready_documents(client, "invoice")
    assert tokens.stored().location == sandbox.centres["eu2"]
    assert grants(sandbox) == {"password": 1, "refresh_token": 1}


def test_the_company_moves_before_the_first_token(sandbox, client, tokens):
    sandbox.control.move_tenant(centre="eu2")
    assert ready_documents(client, "expense")
    assert tokens.stored().location == sandbox.centres["eu2"]


@pytest.fixture
def concur():
    return client_of("https://glz.api.concursolutions.com", MemoryTokens())


@pytest.mark.parametrize(
    "place",
    [
        "https://evil.example.com",
        "https://127.0.0.1",
        "http://127.0.0.1:9",
        "http://us2.api.concursolutions.com",
        "https://us2.api.concursolutions.com.example.com",
        "https://us2.api.concursolutions.com:8443",
        "https://user@us2.api.concursolutions.com",
        "https://us2.api.concursolutions.com\\@evil.example.com",
        "https://apiconcursolutions.com",
        "https://evilapi.concursolutions.com",
        "not an address",
    ],
)
def test_no_token_goes_to_another_server(concur, place):
    with pytest.raises(RemoteError, match="outside of its own domains"):
        concur.own_location(place)


@pytest.mark.parametrize("place", ["https://EU2.api.concursolutions.com/", "https://eu2.api.concursolutions.com:443/x"])
def test_a_data_centre_is_scheme_and_host_alone(concur, place):
    assert concur.own_location(place) == "https://eu2.api.concursolutions.com"


def test_a_token_answer_that_names_another_server_is_not_taken(sandbox, client, tokens):
    sandbox.control.settings(geolocation="https://evil.example.com")
    with pytest.raises(RemoteError, match="outside of its own domains"):
        ready_documents(client, "expense")
    assert tokens.stored().refresh_token == ""


def test_numbers_may_come_as_text(sandbox, client):
    sandbox.control.settings(numbers_as_text=True)
    assert client.fetch_token().expires_in == 3600


@pytest.mark.parametrize("kind", ["reset", "truncate"])
def test_a_lost_renewal_says_what_to_do(sandbox, kind):
    """The answer that held the new refresh token is lost: the old one is worth nothing, and nothing else is lost."""
    tokens = NotingTokens()
    client = connect(sandbox, tokens)
    ready_documents(client, "expense")
    sandbox.control.end_request_tokens()
    sandbox.control.end_access_tokens()
    sandbox.control.add_fault(kind, method="POST", path=TOKENS, when="after")
    with pytest.raises(NetworkError, match="requests it again"):
        ready_documents(client, "expense")
    with pytest.raises(AuthError) as caught:
        ready_documents(client, "expense")
    assert "sent on Sep 30, 2026 12:00 UTC, was lost" in caught.value.message
    assert "Company Request Token" in caught.value.message
    assert sandbox.control.effects("acknowledge") == {}
    # a person does what the message says
    client = connect(sandbox, tokens, request_token=sandbox.control.new_request_token())
    assert ready_documents(client, "expense")


@pytest.mark.parametrize("rotates", [True, False])
def test_a_lost_renewal_heals_by_itself(sandbox, rotates):
    """While the request token lasts, or where the refresh token stays."""
    sandbox.control.settings(rotate_refresh_tokens=rotates)
    client = connect(sandbox, NotingTokens())
    ready_documents(client, "expense")
    if not rotates:
        sandbox.control.end_request_tokens()
    sandbox.control.end_access_tokens()
    sandbox.control.add_fault("reset", method="POST", path=TOKENS, when="after")
    with pytest.raises(NetworkError):
        ready_documents(client, "expense")
    assert ready_documents(client, "expense")


def test_after_six_months(sandbox, client):
    ready_documents(client, "expense")
    sandbox.control.end_request_tokens()
    sandbox.control.end_access_tokens()
    sandbox.control.end_refresh_tokens()
    with pytest.raises(AuthError, match="valid for six months.*Company Request Token"):
        ready_documents(client, "expense")


@pytest.mark.parametrize("request_token", [REQUEST_TOKEN, ""])
def test_a_grant_is_for_its_own_address_and_company(sandbox, client, tokens, request_token):
    """Another address gets neither the refresh token nor a word of the old data centre; nor does another company."""
    ready_documents(client, "expense")
    with ConcurSandbox(size="small") as elsewhere:
        stranger = connect(elsewhere, MemoryTokens(), request_token=request_token)
        stranger._tokens._grant = tokens.stored()
        with contextlib.suppress(AuthError):
            ready_documents(stranger, "expense")
        assert grants(elsewhere) == ({"password": 1} if request_token else {})
    other = connect(sandbox, MemoryTokens(), company_id="another", request_token="")
    other._tokens._grant = tokens.stored()
    with pytest.raises(AuthError, match="company request token is missing"):
        ready_documents(other, "expense")
    assert grants(sandbox) == {"password": 1}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"request_token": "example-other"}, "request token is wrong"),
        ({"client_secret": "example-other"}, "client secret is wrong"),
        ({"client_id": "other"}, "client ID does not exist"),
        ({"request_token": ""}, "company request token is missing"),
    ],
)
def test_what_is_wrong_is_said(sandbox, tokens, wrong, sentence):
    with pytest.raises(AuthError, match=sentence):
        ready_documents(connect(sandbox, tokens, **wrong), "expense")


def test_the_end_of_an_api_is_noted_alike_for_each_record(sandbox, tokens):
    seen = []
    client = connect(sandbox, tokens, observe=seen.append)
    ready_documents(client, "expense")
    assert {exchange.announcement for exchange in seen} == {""}
    assert all(exchange.trace_id for exchange in seen)
    headers = {"x-api-warn": "Use  v5", "sunset": "Sat, 31 Oct 2026 00:00:00 GMT"}
    sandbox.control.settings(deprecated={"/list/": headers, "/api/": {"sunset": headers["sunset"]}})
    seen.clear()
    (lists,) = client.numbered_pages("/list/v4/lists", first=1, isDeleted=False)
    for row in lists:
        list(client.numbered_pages(f"/list/v4/lists/{row['id']}/children", first=1, isDeleted=False))
    assert {exchange.announcement for exchange in seen} == {
        "SAP Concur will discontinue /list/v4/lists on Sat, 31 Oct 2026 00:00:00 GMT. Use v5"
    }
    seen.clear()
    list(vendor_pages(client))
    assert [exchange.announcement for exchange in seen][-1].endswith(
        "/api/v3.1/invoice on Sat, 31 Oct 2026 00:00:00 GMT."
    )


def test_the_rate_limit_counts_by_data_centre(tokens):
    with ConcurSandbox(size="small", settings=ConcurSettings(rate_limit=3, rate_window=60)) as sandbox:
        client = connect(sandbox, tokens)
        for _call in range(3):
            ready_documents(client, "expense")
        with pytest.raises(RateLimitError):
            ready_documents(client, "expense")
        sandbox.control.move_tenant(centre="eu2")
        other = connect(sandbox, MemoryTokens())
        assert ready_documents(other, "expense")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"Message": "bad"}, ("", "bad")),
        ({"message": "bad"}, ("", "bad")),
        ({"Error": {"Message": "bad", "Server-Time": "now", "Id": "E1"}}, ("E1", "bad")),
        ({"httpStatus": "400", "error": {"id": "x.y", "message": "bad"}}, ("x.y", "bad")),
        (
            {"error": {"id": "x", "message": "bad"}, "validationErrors": [{"source": "limit", "message": "too big"}]},
            ("x", "bad limit too big"),
        ),
        ({"errorId": "E2", "errorMessage": "bad", "validationErrors": []}, ("E2", "bad")),
        ({"errors": [{"errorCode": "E3", "errorMessage": "bad"}]}, ("E3", "bad")),
        ({"code": 16, "error": "e", "error_description": "elsewhere"}, ("16", "elsewhere")),
        ([], ("", "")),
        (None, ("", "")),
    ],
)
def test_error_bodies_of_all_generations(client, body, expected):
    assert client.explain(body) == expected


def test_a_deadlock_is_tried_again_and_another_400_is_not(script, tokens):
    client = scripted(script, tokens)
    script.answers = [(400, '{"message": "Transaction was deadlocked: deadlock victim"}')]
    with pytest.raises(RemoteError, match="deadlock"):
        ready_documents(client, "expense")


def test_pages_by_offset_follow_no_address(script, tokens):
    client = scripted(script, tokens)
    script.answers = [
        (200, '{"Vendor": [{"n": 1}], "NextPage": "https://www.concursolutions.com/api/v3.1/x?offset=abc&limit=1"}'),
        (200, '{"Vendor": {"n": 2}, "Items": null, "NextPage": null}'),
    ]
    assert list(client.offset_pages("/api/v3.1/x", "Vendor", limit=1)) == [[{"n": 1}], [{"n": 2}]]
    assert [request.path for request in script.requests] == ["/api/v3.1/x?limit=1", "/api/v3.1/x?limit=1&offset=abc"]


@pytest.mark.parametrize("first", [0, 1])
def test_pages_by_number(script, tokens, first):
    client = scripted(script, tokens)
    script.answers = [
        (200, '{"content": [{"n": 1}], "page": {"totalPages": 2}}'),
        (200, '{"content": [{"n": 2}], "page": {"totalPages": 2}}'),
    ]
    assert list(client.numbered_pages("/list/v4/lists", first=first)) == [[{"n": 1}], [{"n": 2}]]
    assert [request.path[-1] for request in script.requests] == [str(first), str(first + 1)]


def test_the_queue(sandbox, client):
    """What is acknowledged leaves it, and each step can be repeated."""
    first = ready_documents(client, "expense", limit=2)
    ids = [row["id"] for row in first]
    assert {row["code"] for row in acknowledge(client, "expense", ids).values()} == {0}
    assert {row["code"] for row in acknowledge(client, "expense", ids).values()} == {101}
    assert not {row["id"] for row in ready_documents(client, "expense")} & set(ids)
    again = document(client, "expense", first[0]["document"]["report"]["reportId"])
    assert again["docStatus"] == "ACKNOWLEDGED"
    confirmation = {"docId": ids[0], "overallPostingStatusCode": "success", "postingDocs": [], "systemMessages": []}
    body = {"postingConfirmations": [confirmation], "systemId": ""}
    assert confirm(client, "expense", "postingconfirmations", body)[ids[0]]["code"] == 0
    assert confirm(client, "expense", "postingconfirmations", body)[ids[0]]["code"] == 113


@pytest.mark.parametrize("sparse", [False, True])
def test_every_field_of_the_published_samples_is_handed_out(sandbox, client, sparse):
    """Without any that is empty, or with null in all of them."""
    sandbox.settings.sparse_documents = sparse
    schemas = sandbox.contract.components["schemas"]
    for doc_type, name in forms.SCHEMAS.items():
        content = ready_documents(client, doc_type)[0]["document"]
        head = next(part for part in content if part in ("report", "requestHeader", "cashAdvanceData"))
        published = schemas[schemas[name]["properties"][head]["$ref"].rpartition("/")[2]]["properties"]
        assert (content[head].keys() == published.keys()) != sparse
    entry = ready_documents(client, "expense")[0]["document"]["expenseEntry"][0]
    assert ("entryCustom40Value" in entry) != sparse and entry["entryLocationName"]
