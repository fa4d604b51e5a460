"""A token server made of oauthlib, with a web address that wants its tokens, for
the tests of package client.

    tokenserver.py CERTIFICATE KEY SECONDS ID SECRET

Tokens live for SECONDS. It prints its port, and then a line of JSON for each
request: what was asked for, and how it was answered. GET /withdraw makes all
tokens invalid. It ends when its standard input does.
"""

import base64
import http.server
import json
import ssl
import sys
import threading
import time
import urllib.parse

from oauthlib.oauth2 import BackendApplicationServer, RequestValidator

certificate, key, seconds, client_id, client_secret = sys.argv[1:]
tokens = {}


class Client:
    def __init__(self, client_id):
        self.client_id = client_id


class Validator(RequestValidator):
    def authenticate_client(self, request, *args, **kwargs):
        way, _, credentials = request.headers.get("Authorization", "").partition(" ")
        if way != "Basic":
            return False
        # RFC 6749, 2.3.1: each is written as in a form before they are put together.
        name, _, secret = base64.b64decode(credentials).decode("ascii").partition(":")
        if [urllib.parse.unquote_plus(s) for s in (name, secret)] != [client_id, client_secret]:
            return False
        request.client = Client(client_id)
        return True

    def validate_grant_type(self, client_id, grant_type, client, request, *args, **kwargs):
        return grant_type == "client_credentials"

    def get_default_scopes(self, client_id, request, *args, **kwargs):
        return ["webhooks.read"]

    def validate_scopes(self, client_id, scopes, client, request, *args, **kwargs):
        return set(scopes) <= {"webhooks.read", "webhooks.write"}

    def save_bearer_token(self, token, request, *args, **kwargs):
        tokens[token["access_token"]] = time.monotonic() + float(seconds), token["scope"].split()

    def validate_bearer_token(self, token, scopes, request):
        until, granted = tokens.get(token, (0, []))
        return time.monotonic() < until and set(scopes) <= set(granted)


class Handler(http.server.BaseHTTPRequestHandler):
    server_version = "token.test"

    def do_GET(self):
        tokens.clear()
        self.answer({}, "", 204)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        uri = "https://" + self.headers["Host"] + self.path
        if self.path == "/token":
            self.answer(*oauth.create_token_response(uri, "POST", body, dict(self.headers)))
        else:
            valid, _ = oauth.verify_request(uri, "POST", body, dict(self.headers), ["webhooks.write"])
            self.answer({}, "", 204 if valid else 401)

    def answer(self, headers, body, status):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())
        print(json.dumps({"path": self.path, "status": status}), flush=True)

    def log_message(self, *args):
        pass


oauth = BackendApplicationServer(Validator(), token_expires_in=int(float(seconds)))
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
