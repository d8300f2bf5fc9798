"""What each kind of fault does (the kinds are listed in :mod:`sandbox.faults`)."""

from werkzeug.wrappers import Response

PAGE_OF_HTML = (
    "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body><h1>Just a moment...</h1></body></html>"
)


class Aborted(Exception):
    """The connection ends without a whole answer; ``sent`` is what still goes out."""

    def __init__(self, sent=b""):
        super().__init__(len(sent))
        self.sent = sent


def inject_before(sandbox, request, faults):
    """Apply what comes before the effect; a response returned here replaces the real one."""
    for fault in faults:
        if fault.kind == "token_revoked":
            sandbox.revoke(request)
        elif fault.when == "before":
            response = _strike(sandbox, fault)
            if response is not None:
                return response
    return None


def inject_after(sandbox, request, faults, response):
    """Apply what comes after the effect."""
    for fault in faults:
        if fault.when == "after":
            response = _strike(sandbox, fault) or _distort(sandbox, fault, request, response)
    _remember_page(sandbox, request, response)
    return response


def _strike(sandbox, fault):
    """Faults that do not look at the answer."""
    if fault.kind in ("latency", "hang"):
        sandbox.stopping.wait(fault.seconds)
    if fault.kind in ("reset", "hang"):
        raise Aborted
    if fault.kind == "error":
        refusal = sandbox.refuse_broken(fault.status or 500)
        if fault.retry_after is not None:
            refusal.headers["Retry-After"] = str(fault.retry_after)
        return sandbox.refused(refusal)
    if fault.kind == "html":
        return Response(PAGE_OF_HTML, fault.status or 200, mimetype="text/html")
    return None


def _distort(sandbox, fault, request, response):
    if fault.kind == "truncate":
        raise Aborted(_half(response))
    if fault.kind == "duplicate_page":
        before = sandbox.pages.get(request.path)
        return response if before is None else sandbox.repeat_page(request, before)
    return response


def _half(response):
    body = response.get_data()
    head = "".join(f"{name}: {value}\r\n" for name, value in response.headers if name.lower() != "content-length")
    start = f"HTTP/1.1 {response.status}\r\n{head}Content-Length: {len(body)}\r\n\r\n"
    return start.encode("latin-1") + body[: len(body) // 2]


def _remember_page(sandbox, request, response):
    if request.method == "GET" and response.status_code == 200 and response.mimetype == "application/json":
        sandbox.pages[request.path] = response.get_data()
