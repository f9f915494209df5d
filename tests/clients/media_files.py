"""Images and sounds made of nothing, as files."""
import base64
import io
import math
import struct
import wave
import zlib


def png(width, height, pixel):
    """`pixel(x, y)`: red, green and blue, 0 to 255."""
    rows = b"".join(b"\0" + bytes(value for x in range(width) for value in pixel(x, y)) for y in range(height))
    return png_of(width, height, zlib.compress(rows))


def png_of(width, height, compressed):
    """A PNG that says it has this size, whatever it holds."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", compressed) + chunk(b"IEND", b"")


def fading(width=112, height=84):
    return png(width, height, lambda x, y: (255, x * 2 % 256, y * 3 % 256))


# fading() as another library wrote it, without loss.
FADING_WEBP = base64.b64decode(
    "UklGRjoAAABXRUJQVlA4TC0AAAAvb8AUALkyRPQ/dhHR/4Datm0Ywf+/7qkk868QQAAUNDEBRHCLgdv33/sv4QAA")


def chequered(side=10, width=112, height=84):
    return png(width, height, lambda x, y: (255 if (x // side + y // side) % 2 else 0,) * 3)


def tone(hertz, seconds=1, rate=16000):
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        for i in range(int(seconds * rate)):
            file.writeframes(struct.pack("<h", int(20000 * math.sin(2 * math.pi * hertz * i / rate))))
    return out.getvalue()
