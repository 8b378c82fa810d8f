"""An SMTP server (aiosmtpd) that prints each mail as a line of JSON: smtp_sink.py PORT [CERTIFICATE KEY]"""
import asyncio
import email
import json
import ssl
import sys

from aiosmtpd.controller import Controller
from email import policy


class Sink:
    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=policy.default)
        print(
            json.dumps(
                {
                    "to": envelope.rcpt_tos,
                    "from": envelope.mail_from,
                    "subject": message["subject"],
                    "text": message.get_content(),
                    "tls": session.ssl is not None,
                }
            ),
            flush=True,
        )
        return "250 OK"


context = None
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
controller = Controller(
    Sink(), hostname="127.0.0.1", port=int(sys.argv[1]), tls_context=context, require_starttls=context is not None
)
controller.start()
print(json.dumps({"ready": True}), flush=True)
sys.stdin.read()
controller.stop()
