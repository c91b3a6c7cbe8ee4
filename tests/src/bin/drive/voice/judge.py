"""Processes a recording with WebRTC's own code, and says how well a voice is heard in others.

Arguments: microphone, far, voice and output files, the delay in ms, from which second on somebody
talks (negative: nobody), then the files to judge beside the output. All are 16-bit mono at 48 kHz.
The last line is one JSON object.
"""

import json
import sys
import wave

import numpy
from aec_audio_processing import AudioProcessor
from pesq import pesq
from pystoi import stoi
from scipy.signal import correlate, resample_poly

RATE = 48_000
# By how many samples WebRTC's sound is later, 15 ms, which each voice that talks alone shows again.
WEBRTC_LATE = 720
FRAME = 480


def read(path):
    with wave.open(path) as file:
        return numpy.frombuffer(file.readframes(file.getnframes()), numpy.int16)


def write(path, samples):
    with wave.open(path, "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(samples.astype(numpy.int16).tobytes())


def processed(microphone, far, delay):
    library = AudioProcessor(enable_aec=True, enable_ns=True, enable_agc=True, enable_vad=False)
    library.set_stream_format(RATE, 1)
    library.set_reverse_stream_format(RATE, 1)
    library.set_stream_delay(delay)
    far = numpy.pad(far, (0, max(0, len(microphone) - len(far))))
    out = []
    for at in range(0, len(microphone) - FRAME + 1, FRAME):
        library.process_reverse_stream(far[at : at + FRAME].tobytes())
        out.append(library.process_stream(microphone[at : at + FRAME].tobytes()))
    return numpy.frombuffer(b"".join(out), numpy.int16)


def late(sound, of):
    """By how many samples `sound` is later, up to 60 ms."""
    most = RATE * 60 // 1000
    length = min(len(sound), len(of)) - most
    fits = correlate(sound[: length + most].astype(float), of[:length].astype(float), "valid", "fft")
    return int(numpy.argmax(numpy.abs(fits)))


def quality(sound, voice, talks):
    sound, voice = (it[int(talks * RATE) :] for it in (sound, voice))
    sound = sound[late(sound, voice) :]
    length = min(len(sound), len(voice))
    one, other = (resample_poly(it[:length].astype(float), 1, 3) for it in (voice, sound))
    return pesq(16_000, one, other, "wb"), float(stoi(one, other, 16_000))


def main():
    microphone, far, voice, output, delay, talks, *ways = sys.argv[1:]
    microphone, far, voice = read(microphone), read(far), read(voice)
    talks = float(talks)
    webrtc = processed(microphone, far, int(delay))
    write(output, webrtc)
    said = {}
    if talks >= 0:
        for path in [*ways, output]:
            said[path.rsplit(".", 2)[1]] = quality(read(path), voice, talks)
    # What somebody says alone tells by how much the processing delays; it is always the same.
    if talks >= 0 and not numpy.any(far):
        measured = late(webrtc, voice)
        assert abs(measured - WEBRTC_LATE) <= RATE // 1000, f"WebRTC is late by {measured}"
    print(json.dumps({"quality": said, "webrtc_late": WEBRTC_LATE}))


main()
