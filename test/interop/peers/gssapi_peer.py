"""One side of a GSS-API dialogue by MIT's library: a JSON command a line in, a JSON answer a line out."""
import base64
import json
import sys

import gssapi
from gssapi import raw

MECHS = {
    "krb5": gssapi.MechType.kerberos,
    "spnego": gssapi.OID.from_int_seq("1.3.6.1.5.5.2"),
}
b64 = lambda data: base64.b64encode(data).decode()
un64 = base64.b64decode
context = None


def init(command):
    flags = [getattr(raw.RequirementFlag, name) for name in command["flags"]]
    name = gssapi.Name(command["target"], gssapi.NameType.kerberos_principal)
    return gssapi.SecurityContext(
        name=name, mech=MECHS[command["mech"]], flags=flags, usage="initiate"
    )


def accept(command):
    return gssapi.SecurityContext(creds=gssapi.Credentials(usage="accept"), usage="accept")


def step(command):
    token = context.step(un64(command["token"]) if "token" in command else None)
    answer = {"complete": context.complete}
    if token:
        answer["token"] = b64(token)
    if context.complete:
        answer["flags"] = int(context.actual_flags)
        answer["peer"] = str(context.initiator_name)
        key = raw.inquire_sec_context_by_oid(context, raw.OID.from_int_seq("1.2.840.113554.1.2.2.5.5"))
        answer["key"] = b64(key[0])
    return answer


def parts(command):
    kind = {True: raw.IOVBufferType.data, False: raw.IOVBufferType.sign_only}
    return [(kind[part["sealed"]], False, un64(part["data"])) for part in command["parts"]]


def wrap_iov(command):
    message = raw.IOV(raw.IOVBufferType.header, *parts(command), std_layout=False)
    raw.wrap_iov(context, message, confidential=True)
    header, *rest = list(message)
    return {"token": b64(header.value), "parts": [b64(part.value) for part in rest]}


def unwrap_iov(command):
    header = (raw.IOVBufferType.header, False, un64(command["token"]))
    message = raw.IOV(header, *parts(command), std_layout=False)
    raw.unwrap_iov(context, message)
    return {"parts": [b64(part.value) for part in list(message)[1:]]}


def run(command):
    global context
    op = command["op"]
    if op in ("init", "accept"):
        context = init(command) if op == "init" else accept(command)
        return {}
    if op == "step":
        return step(command)
    if op == "wrap":
        return {"token": b64(context.wrap(un64(command["data"]), command["seal"]).message)}
    if op == "unwrap":
        opened = context.unwrap(un64(command["token"]))
        return {"data": b64(opened.message), "sealed": opened.encrypted}
    if op == "mic":
        return {"token": b64(context.get_signature(un64(command["data"])))}
    if op == "verify":
        context.verify_signature(un64(command["data"]), un64(command["token"]))
        return {}
    return {"wrap_iov": wrap_iov, "unwrap_iov": unwrap_iov}[op](command)


for line in sys.stdin:
    try:
        answer = run(json.loads(line))
    except gssapi.exceptions.GSSError as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
