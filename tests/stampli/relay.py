"""Stands between the worker and the file server, and breaks off or falls silent wherever a test wants it to."""

import contextlib
import select
import socket
import threading

PART = 4096


class Relay:
    """Passes bytes on in both directions. What it does beyond that is set for all connections from then on.

    :ivar port: where it listens
    """

    def __init__(self, port):
        self._server_port = port
        self.port = 0
        self._listener = None
        self.heal()

    def heal(self):
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self.port))
            self.port = self._listener.getsockname()[1]
            threading.Thread(target=self._listen, args=(self._listener,), daemon=True).start()
        self._cut_up = self._cut_down = self._stall_up = float("inf")
        self._is_silent = False

    def cut(self, up=float("inf"), down=float("inf")):
        """Break off each connection after so many bytes to the server, or from it."""
        self._cut_up, self._cut_down = up, down

    def stall(self, up):
        """Pass on nothing more after so many bytes to the server, and leave the connection open."""
        self._stall_up = up

    def be_silent(self):
        """Accept connections and never speak."""
        self._is_silent = True

    def close(self):
        """Accept no connection."""
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None

    def _listen(self, listener):
        with contextlib.suppress(OSError):
            while True:
                client, _address = listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client, contextlib.suppress(OSError):
            if self._is_silent:
                while client.recv(PART):
                    pass
                return
            with socket.create_connection(("127.0.0.1", self._server_port)) as server:
                self._pass_on(client, server)

    def _pass_on(self, client, server):
        counts = {client: 0, server: 0}
        while True:
            for source in select.select([client, server], [], [])[0]:
                data = source.recv(PART)
                if not data:
                    return
                counts[source] += len(data)
                if counts[client] > self._cut_up or counts[server] > self._cut_down:
                    return
                if counts[client] > self._stall_up:
                    continue
                (server if source is client else client).sendall(data)
