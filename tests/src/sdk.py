"""The official SDK in a room: sends a stamped picture and a tone, and says what comes.

Its standard input has one JSON object a line: first where to go ("url", "token", and "passphrase"
if it shall have one), then what to do. On its standard output is one JSON object a line: what
happens, and when by CLOCK_MONOTONIC. It knows of Tincan only what the first bytes of its control
messages mean.
"""

import asyncio
import json
import sys
import time

import numpy as np
from livekit import rtc

WIDTH, HEIGHT, FPS = 640, 360, 15
RATE = 48_000
TONE_HZ = 1000
# 10 ms, as the SDK likes it; and the tenth of a second of which the pitch is told, to 10 Hz.
CHUNK, WINDOW = RATE // 100, RATE // 10
# -40 dB of full scale: more than the noise of a decoder that begins.
AUDIBLE = 0.01

# The control messages of Tincan (transport::livekit::speech).
TOPIC = "tincan.control"
GREETING, ANSWER, MESSAGE = 0, 1, 2

# The stamp (media::synthetic::stamp): two rows of 32 blocks, each a 40th of the width.
BITS = 32


def tell(event, **more):
    print(json.dumps({"event": event, "at": time.monotonic(), **more}), flush=True)


def edge(index, width):
    return index * width // 40


def with_check(value):
    return value << 8 | (value ^ value >> 8 ^ value >> 16) & 0xFF


def stamp(picture, number):
    """Draws the number, and a clock that differs from it, over the luma of a picture."""
    for row, value in enumerate((number & 0xFFFFFF, (number + 0x555555) & 0xFFFFFF)):
        word = with_check(value)
        top, bottom = edge(row, WIDTH), edge(row + 1, WIDTH)
        for bit in range(BITS):
            white = word >> (BITS - 1 - bit) & 1
            columns = slice(edge(bit, WIDTH), edge(bit + 1, WIDTH))
            picture[top:bottom, columns] = 235 if white else 16


def read_row(luma, row):
    block = luma.shape[1] / 40
    word = 0
    for bit in range(BITS):
        rows = slice(round((row + 0.25) * block), round((row + 0.75) * block))
        columns = slice(round((bit + 0.25) * block), round((bit + 0.75) * block))
        level = luma[rows, columns].mean()
        if abs(level - 126) < 20:
            return None
        word = word << 1 | int(level > 126)
    value = word >> 8
    return value if with_check(value) == word else None


def read_stamp(luma):
    """The number of a picture; none when it is not one of a Tincan, or is damaged."""
    number, clock = read_row(luma, 0), read_row(luma, 1)
    flat = number == clock and number in (0, 0xFFFFFF)
    return None if number is None or clock is None or flat else number


async def watch(track):
    async for event in rtc.VideoStream(track, format=rtc.VideoBufferType.RGBA):
        frame = event.frame
        pixels = np.frombuffer(frame.data, dtype=np.uint8)
        green = pixels.reshape(frame.height, frame.width, 4)[:, :, 1]
        tell("picture", number=read_stamp(green), width=frame.width, height=frame.height)


async def listen(track):
    heard = np.zeros(0)
    silent = True
    async for event in rtc.AudioStream(track, sample_rate=RATE, num_channels=1):
        samples = np.frombuffer(event.frame.data, dtype=np.int16) / 32768
        if silent and np.abs(samples).max(initial=0) > AUDIBLE:
            silent = False
            tell("first_sound")
        heard = np.concatenate((heard, samples))
        while len(heard) >= WINDOW:
            window, heard = heard[:WINDOW], heard[WINDOW:]
            power = np.abs(np.fft.rfft(window)) ** 2
            peak = int(power.argmax())
            # Of noise, which has its peak somewhere too, it holds little.
            pure = power[max(peak - 1, 0) : peak + 2].sum() / max(power.sum(), 1e-9)
            level = np.sqrt(np.mean(window**2))
            tell("sound", hz=peak * RATE // WINDOW, pure=float(pure), level=float(level))


async def show(source):
    """Sends pictures. Something moves in them, so that they are worth encoding."""
    number = 0
    picture = np.full((HEIGHT * 3 // 2, WIDTH), 128, dtype=np.uint8)
    due = time.monotonic()
    while True:
        picture[:HEIGHT] = np.linspace(40, 200, WIDTH).astype(np.uint8)
        at = number * 8 % (WIDTH - 80)
        picture[200:280, at : at + 80] = 220
        stamp(picture, number)
        tell("shown", number=number)
        frame = rtc.VideoFrame(WIDTH, HEIGHT, rtc.VideoBufferType.I420, picture.tobytes())
        source.capture_frame(frame)
        number += 1
        due += 1 / FPS
        await asyncio.sleep(max(0, due - time.monotonic()))


async def sing(source):
    """Sends a tone. The source takes a chunk when it has room, which keeps the time."""
    at = 0
    while True:
        phase = 2 * np.pi * TONE_HZ * (at + np.arange(CHUNK)) / RATE
        samples = (np.sin(phase) * 8000).astype(np.int16)
        await source.capture_frame(rtc.AudioFrame(samples.tobytes(), RATE, 1, CHUNK))
        at += CHUNK


def encryption(passphrase):
    """Of media and of data, as a client does it that is given a passphrase and nothing else."""
    keys = rtc.KeyProviderOptions(shared_key=passphrase.encode())
    return rtc.E2EEOptions(key_provider_options=keys)


class Peer:
    def __init__(self, loop):
        self.said = 0
        self.room = rtc.Room(loop)
        self.tasks = set()
        self.tracks = {}
        for name in ("muted", "unmuted"):
            self.room.on(f"track_{name}", lambda who, what, name=name: self.muted(name, who, what))
        self.room.on("track_subscribed", self.subscribed)
        self.room.on("data_received", self.received)
        self.room.on("participant_disconnected", lambda who: tell("gone", who=who.identity))
        self.room.on("disconnected", lambda reason: tell("disconnected", reason=str(reason)))
        self.room.on("e2ee_state_changed", lambda who, state: tell("e2ee", state=int(state)))

    def run(self, coroutine):
        task = asyncio.ensure_future(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self.done)

    def done(self, task):
        self.tasks.discard(task)
        if not task.cancelled() and task.exception():
            tell("failed", why=repr(task.exception()))

    def muted(self, name, who, what):
        if who.identity != self.room.local_participant.identity:
            tell(name, source=rtc.TrackSource.Name(what.source))

    def subscribed(self, track, publication, _):
        if publication.source == rtc.TrackSource.SOURCE_CAMERA:
            self.run(watch(track))
        elif publication.source == rtc.TrackSource.SOURCE_MICROPHONE:
            self.run(listen(track))

    def received(self, packet):
        if packet.topic != TOPIC:
            return
        kind, number, content = packet.data[0], packet.data[1:9], packet.data[9:]
        if kind == GREETING:
            self.run(self.say(ANSWER, number))
        elif kind == MESSAGE:
            tell("data", text=content.decode())

    async def say(self, kind, number, content=b""):
        payload = bytes([kind]) + number + content
        await self.room.local_participant.publish_data(payload, topic=TOPIC)

    def next_number(self):
        self.said += 1
        return self.said.to_bytes(8, "big")

    async def join(self, where):
        options = rtc.RoomOptions()
        if "passphrase" in where:
            options.encryption = encryption(where["passphrase"])
        await self.room.connect(where["url"], where["token"], options)
        tell("joined")
        await self.publish()
        # Whoever was there before greets until it is answered; this finds whoever was not.
        await self.say(GREETING, self.next_number())

    async def publish(self):
        camera = rtc.VideoSource(WIDTH, HEIGHT)
        microphone = rtc.AudioSource(RATE, 1, queue_size_ms=100)
        self.tracks = {
            "camera": rtc.LocalVideoTrack.create_video_track("camera", camera),
            "microphone": rtc.LocalAudioTrack.create_audio_track("microphone", microphone),
        }
        publish = self.room.local_participant.publish_track
        await publish(
            self.tracks["camera"],
            rtc.TrackPublishOptions(
                source=rtc.TrackSource.SOURCE_CAMERA,
                video_codec=rtc.VideoCodec.H264,
                simulcast=False,
                video_encoding=rtc.VideoEncoding(max_bitrate=600_000, max_framerate=FPS),
            ),
        )
        await publish(
            self.tracks["microphone"],
            rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE, red=False),
        )
        self.run(show(camera))
        self.run(sing(microphone))
        tell("published")

    async def do(self, order):
        what = order["do"]
        if what == "mute":
            self.tracks[order["what"]].mute()
        elif what == "unmute":
            self.tracks[order["what"]].unmute()
        elif what == "say":
            await self.say(MESSAGE, self.next_number(), order["text"].encode())
        elif what == "key":
            keys = self.room.e2ee_manager.key_provider
            keys.set_shared_key(order["passphrase"].encode(), 0)
        elif what == "encrypt":
            self.room.e2ee_manager.set_enabled(order["on"])
        elif what == "leave":
            await self.room.disconnect()


async def main():
    loop = asyncio.get_running_loop()
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    peer = Peer(loop)
    tell("ready")
    await peer.join(json.loads(await orders.readline()))
    while order := await orders.readline():
        await peer.do(json.loads(order))
    await peer.room.disconnect()


try:
    asyncio.run(main())
except Exception as error:
    tell("failed", why=repr(error))
