"""A mail server made of aiosmtpd, for the tests of package client.

    mailserver.py starttls|tls|none CERTIFICATE KEY [USER PASSWORD]

It prints its port, and then a line of JSON for each message that it takes. The
first word of a recipient says what becomes of it: later-ann@… is refused for
now, nobody-ann@… for good, full-ann@… and spam-ann@… once the message is there.
It ends when its standard input does.
"""

import asyncio
import base64
import email
import email.policy
import json
import logging
import ssl
import sys
import warnings

from aiosmtpd.smtp import SMTP, AuthResult


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        word = address.partition("-")[0]
        if word == "later":
            return "451 4.2.1 come again"
        if word == "nobody":
            return "550 5.1.1 nobody of this name"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server, session, envelope):
        words = {address.partition("-")[0] for address in envelope.rcpt_tos}
        if "full" in words:
            return "452 4.3.1 no room"
        if "spam" in words:
            return "554 5.6.0 not such a message"
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        body = message.get_body()
        say({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "user": session.auth_data,
            "encrypted": session.ssl is not None or implicit,
            "raw": base64.b64encode(envelope.content).decode(),
            "subject": str(message["subject"]),
            "headers": message.keys(),
            "defects": [repr(d) for d in message.defects + body.defects],
            "type": body.get_content_type(),
            "text": body.get_content(),
        })
        return "250 2.0.0 kept"


def authenticate(server, session, envelope, mechanism, data):
    given = data.login.decode(), data.password.decode()
    if given == (user, password):
        return AuthResult(success=True, auth_data=user)
    return AuthResult(success=False, handled=False)


def say(value):
    print(json.dumps(value), flush=True)


async def serve():
    # Of an encryption from the first byte aiosmtpd knows nothing, so it must not ask.
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(
            Handler(),
            hostname="post.test",
            tls_context=context if encryption == "starttls" else None,
            require_starttls=encryption == "starttls",
            authenticator=authenticate if user else None,
            auth_required=user != "",
            auth_require_tls=encryption == "starttls",
        ),
        "127.0.0.1", 0, ssl=context if implicit else None)
    say(server.sockets[0].getsockname()[1])
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


warnings.simplefilter("ignore")  # of settings that only a test has
logging.disable()
encryption, certificate, key = sys.argv[1:4]
user, password = sys.argv[4:6] if len(sys.argv) > 4 else ("", "")
implicit = encryption == "tls"
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
asyncio.run(serve())
