"""Samba's own PAC parser. Standard input: a PAC in hex. Standard output: its fields as JSON."""
import json
import sys

from samba.dcerpc import krb5pac
from samba.ndr import ndr_unpack

pac = ndr_unpack(krb5pac.PAC_DATA, bytes.fromhex(sys.stdin.read()))
found = {"types": [buffer.type for buffer in pac.buffers]}
for buffer in pac.buffers:
    info = buffer.info
    if buffer.type == krb5pac.PAC_TYPE_LOGON_INFO:
        info3 = info.info.info3
        base = info3.base
        found["logon"] = {
            "account": base.account_name.string,
            "fullName": base.full_name.string,
            "domain": base.logon_domain.string,
            "domainSid": str(base.domain_sid),
            "rid": base.rid,
            "primaryGroup": base.primary_gid,
            "groups": [[group.rid, group.attributes] for group in base.groups.rids or []],
            "extraSids": [[str(extra.sid), extra.attributes] for extra in info3.sids or []],
            "userFlags": base.user_flags,
            "accountFlags": base.acct_flags,
            "logonTime": base.logon_time,
        }
    elif buffer.type == krb5pac.PAC_TYPE_LOGON_NAME:
        found["client"] = {"account": info.account_name, "logonTime": info.logon_time}
    elif buffer.type == krb5pac.PAC_TYPE_UPN_DNS_INFO:
        found["upn"] = {
            "upn": info.upn_name,
            "dnsDomain": info.dns_domain_name,
            "account": info.ex.samaccountname,
            "sid": str(info.ex.objectsid),
        }
    elif buffer.type == krb5pac.PAC_TYPE_ATTRIBUTES_INFO:
        found["attributes"] = [info.flags_length, info.flags]
    elif buffer.type == krb5pac.PAC_TYPE_REQUESTER_SID:
        found["requestor"] = str(info.sid)
    elif buffer.type in (krb5pac.PAC_TYPE_SRV_CHECKSUM, krb5pac.PAC_TYPE_KDC_CHECKSUM):
        found[f"signature{buffer.type}"] = [info.type, bytes(info.signature).hex()]
print(json.dumps(found))
