"""
Samba's own NDR of DRSUAPI and of the endpoint mapper. Standard input: JSON of our requests and of a recorded reply,
in hex. Standard output: JSON of what Samba reads in the requests, and that reply packed anew in both versions.
"""
import json
import sys

from samba.dcerpc import drsblobs, drsuapi, epmapper, misc
from samba.ndr import ndr_pack, ndr_unpack

given = {name: bytes.fromhex(text) for name, text in json.load(sys.stdin).items()}

ept = epmapper.epm_Map()
ept.__ndr_unpack_in__(given["eptMap"])
floors = ept.in_map_tower.tower.floors

bind = drsuapi.DsBind()
bind.__ndr_unpack_in__(given["bind"])

changes = drsuapi.DsGetNCChanges()
changes.__ndr_unpack_in__(given["changes"])
request = changes.in_req
found = {
    "ept": {"interface": str(floors[0].lhs.lhs_data.hex()), "floors": len(floors), "most": ept.in_max_towers},
    "bind": {"guid": str(bind.in_bind_guid), "extensions": bind.in_bind_info.info.supported_extensions},
    "changes": {
        "level": changes.in_level,
        "destination": str(request.destination_dsa_guid),
        "dn": request.naming_context.dn,
        "flags": request.replica_flags,
        "most": request.max_object_count,
        "operation": request.extended_op,
        "attributes": list(request.partial_attribute_set.attids),
        "prefixes": [
            [mapping.id_prefix, bytes(mapping.oid.binary_oid).hex()] for mapping in request.mapping_ctr.mappings
        ],
    },
}

reply = drsuapi.DsGetNCChanges()
reply.__ndr_unpack_out__(given["reply"])
six = reply.out_ctr


def vector(kind, cursor_kind, version):
    cursors = []
    for number in range(3):
        cursor = cursor_kind()
        cursor.source_dsa_invocation_id = misc.GUID("%08x-0000-0000-0000-000000000000" % number)
        cursor.highest_usn = number
        cursors.append(cursor)
    made = kind()
    made.version, made.count, made.cursors = version, len(cursors), cursors
    return made


six.uptodateness_vector = vector(drsuapi.DsReplicaCursor2CtrEx, drsuapi.DsReplicaCursor2, 2)
found["version6"] = reply.__ndr_pack_out__().hex()

one = drsuapi.DsGetNCChangesCtr1()
for name in (
    "source_dsa_guid source_dsa_invocation_id naming_context old_highwatermark new_highwatermark mapping_ctr"
    " extended_ret object_count first_object more_data"
).split():
    setattr(one, name, getattr(six, name))
one.uptodateness_vector = vector(drsuapi.DsReplicaCursorCtrEx, drsuapi.DsReplicaCursor, 1)
reply.out_level_out, reply.out_ctr = 1, one
found["version1"] = reply.__ndr_pack_out__().hex()

blob = ndr_unpack(drsblobs.supplementalCredentialsBlob, given["supplementalCredentials"])
found["packages"] = [package.name for package in blob.sub.packages]
for package in blob.sub.packages:
    if package.name == "Primary:Kerberos-Newer-Keys":
        keys = ndr_unpack(drsblobs.package_PrimaryKerberosBlob, bytes.fromhex(package.data)).ctr.keys
        found["keys"] = [[key.keytype, bytes(key.value).hex()] for key in keys]

json.dump(found, sys.stdout)
