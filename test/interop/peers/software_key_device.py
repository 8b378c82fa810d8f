"""The software key as python-fido2 sees it: a CtapDevice over the Unix socket's frames, driven by JSON lines.

Each line on stdin is a call {"do": name, ...}; each line on stdout its answer, {"error": name} where the key refused.
Everything that checks something here is python-fido2's own code.
"""

import json
import os
import socket
import struct
import sys

from fido2 import cbor
from fido2.attestation import PackedAttestation
from fido2.client import Fido2Client
from fido2.ctap import CtapDevice, CtapError
from fido2.ctap2 import Ctap2, ClientPin, CredentialManagement
from fido2.ctap2.extensions import HmacSecretExtension
from fido2.ctap2.pin import PinProtocolV1, PinProtocolV2
from fido2.hid import CAPABILITY, CTAPHID
from fido2.utils import sha256
from fido2.webauthn import (
    PublicKeyCredentialCreationOptions,
    PublicKeyCredentialRequestOptions,
)

PROTOCOLS = {1: PinProtocolV1, 2: PinProtocolV2}
ES256 = {"type": "public-key", "alg": -7}


class SocketDevice(CtapDevice):
    """Frames of one command byte, four bytes of big-endian length, and the payload."""

    capabilities = CAPABILITY.CBOR

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(path)

    @classmethod
    def list_devices(cls):
        return []

    def close(self):
        self.socket.close()

    def read(self, length):
        data = b""
        while len(data) < length:
            chunk = self.socket.recv(length - len(data))
            if not chunk:
                raise OSError("the key hung up")
            data += chunk
        return data

    def call(self, cmd, data=b"", event=None, on_keepalive=None):
        self.socket.sendall(struct.pack(">BI", cmd, len(data)) + data)
        while True:
            command, length = struct.unpack(">BI", self.read(5))
            payload = self.read(length)
            if command != CTAPHID.KEEPALIVE:
                break
            if on_keepalive:
                on_keepalive(payload[0])
        if command != cmd:
            raise OSError("frame %02x answered with %02x %s" % (cmd, command, payload.hex()))
        return payload


class Peer:
    def __init__(self, path):
        self.device = SocketDevice(path)
        self.ctap = Ctap2(self.device)  # with strict_cbor: it refuses answers that are not canonical
        self.made = {}

    def pin(self, protocol=2):
        return ClientPin(self.ctap, PROTOCOLS[protocol]())

    def do_info(self, _):
        info = self.ctap.get_info()
        return {
            "aaguid": info.aaguid.hex(),
            "versions": info.versions,
            "options": info.options,
            "protocols": info.pin_uv_protocols,
            "maxMsgSize": info.max_msg_size,
        }

    def do_ping(self, call):
        data = bytes.fromhex(call["data"])
        return {"data": self.device.call(CTAPHID.PING, data).hex()}

    def do_setPin(self, call):
        self.pin(call.get("protocol", 2)).set_pin(call["pin"])
        return {}

    def do_changePin(self, call):
        self.pin(call.get("protocol", 2)).change_pin(call["old"], call["new"])
        return {}

    def do_retries(self, _):
        retries, power_cycle = self.pin().get_pin_retries()
        return {"retries": retries, "powerCycle": power_cycle}

    def do_token(self, call):
        self.pin(call.get("protocol", 2)).get_pin_token(
            call["pin"], ClientPin.PERMISSION.GET_ASSERTION, call.get("rpId", "kennel.test")
        )
        return {}

    def do_make(self, call):
        """A credential by hand, attestation verified by PackedAttestation."""
        rp_id = call.get("rpId", "kennel.test")
        client_hash = sha256(b"make " + rp_id.encode())
        client_pin = self.pin(call.get("protocol", 2))
        token = client_pin.get_pin_token(
            call["pin"], ClientPin.PERMISSION.MAKE_CREDENTIAL, rp_id
        )
        exclude = [{"type": "public-key", "id": bytes.fromhex(i)} for i in call.get("exclude", [])]
        made = self.ctap.make_credential(
            client_hash,
            {"id": rp_id, "name": "Kennel"},
            {"id": call["user"].encode(), "name": call["user"], "displayName": call["user"]},
            [{"type": "public-key", "alg": call.get("alg", -7)}],
            exclude or None,
            {"hmac-secret": True} if call.get("hmac") else None,
            {"rk": True},
            client_pin.protocol.authenticate(token, client_hash),
            client_pin.protocol.VERSION,
        )
        result = PackedAttestation().verify(made.att_statement, made.auth_data, client_hash)
        data = made.auth_data.credential_data
        self.made[data.credential_id] = data.public_key
        return {
            "id": data.credential_id.hex(),
            "fmt": made.fmt,
            "attestation": result.attestation_type.name,
            "aaguid": data.aaguid.hex(),
            "flags": int(made.auth_data.flags),
            "counter": made.auth_data.counter,
            "extensions": made.auth_data.extensions,
        }

    def do_assert(self, call):
        """An assertion by hand, verified by AssertionResponse.verify under the key that do_make saw."""
        rp_id = call.get("rpId", "kennel.test")
        client_hash = sha256(os.urandom(16))
        client_pin = self.pin(call.get("protocol", 2))
        extension = HmacSecretExtension(self.ctap, PROTOCOLS[call.get("protocol", 2)]())
        salts = call.get("salts")
        extensions = None
        if salts:
            inputs = {"salt%d" % (n + 1): bytes.fromhex(salt) for n, salt in enumerate(salts)}
            extensions = {"hmac-secret": extension.process_get_input({"hmacGetSecret": inputs})}
        token = client_pin.get_pin_token(
            call["pin"], ClientPin.PERMISSION.GET_ASSERTION, rp_id
        )
        allow = [{"type": "public-key", "id": bytes.fromhex(i)} for i in call.get("allow", [])]
        assertions = self.ctap.get_assertions(
            rp_id,
            client_hash,
            allow or None,
            extensions,
            None,
            client_pin.protocol.authenticate(token, client_hash),
            client_pin.protocol.VERSION,
        )
        answers = []
        for one in assertions:
            one.verify(client_hash, self.made[one.credential["id"]])
            output = extension.process_get_output(one.auth_data) if salts else None
            answers.append(
                {
                    "id": one.credential["id"].hex(),
                    "user": one.user["id"].decode() if one.user else None,
                    "flags": int(one.auth_data.flags),
                    "counter": one.auth_data.counter,
                    "hmac": {k: v.hex() for k, v in output["hmacGetSecret"].items()} if output else None,
                }
            )
        return {"assertions": answers}

    def do_webauthn(self, call):
        """Registration and sign-in as python-fido2's own WebAuthn client does them."""
        client = Fido2Client(self.device, "https://kennel.test")
        made = client.make_credential(
            PublicKeyCredentialCreationOptions(
                {"id": "kennel.test", "name": "Kennel"},
                {"id": b"web", "name": "web", "displayName": "Web"},
                b"c" * 32,
                [ES256],
                authenticator_selection={"requireResidentKey": True},
            ),
            pin=call["pin"],
        )
        data = made.attestation_object.auth_data.credential_data
        allow = [{"type": "public-key", "id": data.credential_id}]
        response = client.get_assertion(
            PublicKeyCredentialRequestOptions(b"d" * 32, rp_id="kennel.test", allow_credentials=allow),
            pin=call["pin"],
        ).get_response(0)
        data.public_key.verify(response.authenticator_data + response.client_data.hash, response.signature)
        return {"verified": True, "uv": response.authenticator_data.is_user_verified()}

    def do_manage(self, call):
        """List all resident credentials; delete those of call["delete"]."""

        def management():
            client_pin = self.pin()
            token = client_pin.get_pin_token(call["pin"], ClientPin.PERMISSION.CREDENTIAL_MGMT)
            return CredentialManagement(self.ctap, client_pin.protocol, token)

        one = management()
        result = CredentialManagement.RESULT
        for cred_id in call.get("delete", []):
            one.delete_cred({"type": "public-key", "id": bytes.fromhex(cred_id)})
        rps = [(rp[result.RP]["id"], rp[result.RP_ID_HASH]) for rp in one.enumerate_rps()]
        return {
            "count": one.get_metadata()[result.EXISTING_CRED_COUNT],
            "credentials": {
                name: [c[result.USER]["name"] for c in one.enumerate_creds(digest)] for name, digest in rps
            },
        }

    def do_reset(self, _):
        self.ctap.reset()
        return {}


def main():
    peer = Peer(sys.argv[1])
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        call = json.loads(line)
        try:
            answer = getattr(peer, "do_" + call["do"])(call)
        except CtapError as error:
            answer = {"error": getattr(error.code, "name", str(error.code))}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
