"""A real SMTP server for the tests: aiosmtpd on a free port of 127.0.0.1, told by one JSON object how to behave.

Prints its port, then one JSON line for each mail it takes. Ends with its stdin.
"""

import asyncio
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

options = json.loads(sys.argv[1])


def tell(value):
    print(json.dumps(value), flush=True)


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if options.get("recipient") and options.get("only", "") in address:
            return options["recipient"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        tell(
            {
                "from": envelope.mail_from,
                "to": envelope.rcpt_tos,
                "data": envelope.content.decode(),
                # After STARTTLS the session knows, from the first byte on only the connection does.
                "encrypted": session.ssl is not None or server.transport.get_extra_info("ssl_object") is not None,
                "login": session.auth_data,
            }
        )
        return "250 taken"

    async def auth_PLAIN(self, server, args):
        import base64

        said = args[1]
        _, name, password = base64.b64decode(said).decode().split("\0")
        if [name, password] == options.get("login"):
            return AuthResult(success=True, auth_data=name)
        # A server that tells everybody what it heard.
        echo = f"535 5.7.8 wrong: {password} of {name}, sent as {said}"
        return AuthResult(success=False, handled=False, message=echo)


def context():
    if "certificate" not in options:
        return None
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(options["certificate"], options["key"])
    return made


async def main():
    has_login, way = "login" in options, options.get("tls")

    def server():
        return SMTP(
            Handler(),
            hostname="localhost",
            tls_context=context() if way == "starttls" else None,
            require_starttls=way == "starttls",
            auth_required=has_login,
            auth_require_tls=False,
            auth_exclude_mechanism=["LOGIN"],
        )

    loop = asyncio.get_running_loop()
    listening = await loop.create_server(server, "127.0.0.1", 0, ssl=context() if way == "tls" else None)
    tell(listening.sockets[0].getsockname()[1])
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
