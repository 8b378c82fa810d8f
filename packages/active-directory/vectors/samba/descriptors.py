#!/usr/bin/python3
"""Security descriptors as Samba encodes them, for the reader's test: run with python3-samba, prints descriptors.json."""
import base64, json
from samba.dcerpc import security
from samba.ndr import ndr_pack

DOMAIN = 'S-1-5-21-1-2-3'
SDDL = {
    'all rights to one group, and only to it': 'O:BAG:BAD:(A;;GA;;;S-1-5-21-1-2-3-512)',
    'replicate all': 'O:BAG:BAD:(OA;;CR;1131f6ad-9c07-11d1-f79f-00c04fc2dcd2;;S-1-5-21-1-2-3-1601)',
    'replicate the filtered set': 'O:BAG:BAD:(OA;;CR;89e95b76-444d-4c62-991a-0facbeda640c;;S-1-5-21-1-2-3-1601)',
    'replicate changes without secrets': 'O:BAG:BAD:(OA;;CR;1131f6aa-9c07-11d1-f79f-00c04fc2dcd2;;S-1-5-21-1-2-3-1601)',
    'every extended right': 'O:BAG:BAD:(A;;CR;;;S-1-5-21-1-2-3-1601)',
    'write the access list': 'O:BAG:BAD:(A;;WD;;;S-1-5-21-1-2-3-1601)',
    'only for what is below': 'O:BAG:BAD:(A;CIIO;GA;;;S-1-5-21-1-2-3-1601)',
    'denied': 'O:BAG:BAD:(D;;GA;;;S-1-5-21-1-2-3-1601)',
    'another property, of users only': 'O:BAG:BAD:(OA;;RPWP;77b5b886-944a-11d1-aebd-0000f80367c1;bf967aba-0de6-11d0-a285-00aa003049e2;S-1-5-21-1-2-3-1601)',
    'read': 'O:BAG:BAD:(A;;RPLCLORC;;;AU)',
}
sid = security.dom_sid(DOMAIN)
print(json.dumps({name: {'sddl': text, 'bytes': base64.b64encode(ndr_pack(security.descriptor.from_sddl(text, sid))).decode()}
                  for name, text in SDDL.items()}, indent=2))
