"""Sends datagrams whose sender is port 0, which only a raw socket can (root). Arguments: host, then port=payload in hex."""
import socket
import struct
import sys

sender = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
for argument in sys.argv[2:]:
    port, payload = argument.split("=")
    data = bytes.fromhex(payload)
    sender.sendto(struct.pack("!HHHH", 0, int(port), 8 + len(data), 0) + data, (sys.argv[1], 0))
