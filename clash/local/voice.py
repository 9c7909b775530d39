"""The offline voice: speaks English with hibari, and answers with silence of the right length in other languages.

hibari ships one voice and a source-filter vocoder. The cast is made between the two: the network's pitch curve
is scaled and its spectral envelope stretched (a longer or shorter throat) before the vocoder turns both into
sound, so a man is no slowed-down woman and stays as intelligible as she is.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import importlib.util
import re
import threading
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clash.errors import ProviderError
from clash.installation import install_command
from clash.local.mandarin.weights import MANDARIN_REVISION, is_mandarin, is_ready, mandarin_gap
from clash.local.roles import english_role, voice_of_role
from clash.local.wave_files import SPEECH_RATE, levelled, wav_file
from clash.local.word_table import WordTable
from clash.providers.ports import Answer, SpeechRequest
from clash.providers.voices import Voice

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

LONGEST_TEXT = 20_000
"""Characters; the rest of a longer text is not spoken (the story's reader refuses such a cell)."""

_NAMES = {
    "ja": "Japanese",
    "ko": "Korean",
    "es": "Spanish",
    "fr": "French",
    "de": "German",
    "pt": "Portuguese",
    "it": "Italian",
    "ru": "Russian",
    "nl": "Dutch",
    "pl": "Polish",
    "tr": "Turkish",
    "id": "Indonesian",
    "ms": "Malay",
    "vi": "Vietnamese",
    "uk": "Ukrainian",
    "el": "Greek",
    "ar": "Arabic",
    "he": "Hebrew",
    "hi": "Hindi",
    "th": "Thai",
    "ta": "Tamil",
    "bn": "Bengali",
    "ka": "Georgian",
    "hy": "Armenian",
    "sv": "Swedish",
    "no": "Norwegian",
    "nb": "Norwegian",
    "da": "Danish",
    "fi": "Finnish",
    "cs": "Czech",
    "sk": "Slovak",
    "hu": "Hungarian",
    "ro": "Romanian",
    "bg": "Bulgarian",
    "hr": "Croatian",
    "sr": "Serbian",
    "ca": "Catalan",
    "fa": "Persian",
    "ur": "Urdu",
    "sw": "Swahili",
}
_SILENCE_REVISION = 1
_SILENCE_RATE = 8_000
_ENGLISH_WORDS_PER_S = 2.4
_CHINESE_CHARACTERS_PER_S = 4.0
_BREATH_S = 0.3
_TAKES = ((1.02, 0.94), (0.97, 1.05), (0.98, 0.92), (1.03, 1.04), (1.0, 0.97))
"""How the takes of a line after the first differ: factors on pitch and pace."""

_PIECE = 280
"""Characters given to the network at once: a sentence, or a part of one that never ends."""
_LONGEST_WORD = 40
_LONGEST_NUMBER = 15
_BIN_HZ = 20.0
"""Hz between the vocoder's spectral bins (24 kHz over 1,200 points)."""
_VOICED_HZ = 40.0
"""The vocoder takes a frame with a lower pitch than this as unvoiced."""


@dataclass(frozen=True)
class Timbre:
    """One voice of the cast. `pitch`, `throat` and `pace` are factors on the shipped voice.

    A `throat` below 1 is longer (a deeper body of sound), above 1 shorter (a child).
    """

    name: str
    pitch: float
    throat: float
    pace: float = 1.0


NARRATOR = Timbre("narrator", 0.97, 1.0, 0.97)
_CAST: dict[str, tuple[Timbre, ...]] = {
    "woman": (
        Timbre("woman-1", 0.90, 0.96, 1.0),
        Timbre("woman-2", 1.10, 1.03, 1.04),
        Timbre("woman-3", 0.82, 0.98, 0.95),
        Timbre("woman-4", 1.03, 1.05, 1.06),
    ),
    "man": (
        Timbre("man-1", 0.60, 0.87, 1.0),
        Timbre("man-2", 0.67, 0.91, 1.05),
        Timbre("man-3", 0.54, 0.85, 0.97),
        Timbre("man-4", 0.57, 0.90, 0.99),
    ),
    "old woman": (Timbre("old-woman-1", 0.79, 0.95, 0.86), Timbre("old-woman-2", 0.86, 0.93, 0.90)),
    "old man": (Timbre("old-man-1", 0.55, 0.85, 0.86), Timbre("old-man-2", 0.62, 0.86, 0.89)),
    "girl": (Timbre("girl-1", 1.25, 1.08, 1.02), Timbre("girl-2", 1.33, 1.10, 0.97)),
    "boy": (Timbre("boy-1", 1.16, 1.07, 1.03), Timbre("boy-2", 1.20, 1.09, 0.98)),
    "giant": (Timbre("giant-1", 0.47, 0.79, 0.90), Timbre("giant-2", 0.50, 0.82, 0.86)),
}
"""Word errors of a speech recogniser (pocketsphinx) on five sentences: 0.16 for the voice as shipped, 0.11 to
0.15 for these adults. British pronunciation in this American voice made 0.45, so there is none."""

_BY_NAME = {timbre.name: timbre for timbre in (NARRATOR, *(one for part in _CAST.values() for one in part))}

_CHINESE_ID = re.compile(r"z([fm])_[a-z]+(?:-(old|child))?(?:-[a-z]+)?")
_OF_CHINESE_ID = {"f": "woman", "m": "man", "old": "old", "child": "child"}
"""What the id of a Chinese voice says of somebody who also says an English line."""


def cast_voice(speaker: str, voice: str = "") -> Timbre:
    """The voice of a speaker, from the words about it, else from the name; always the same for the same words.

    A voice that is named by its id (`woman-3`) is that one, as it is.
    """
    if (named := _BY_NAME.get(voice.strip())) is not None:
        return named
    voice = _CHINESE_ID.sub(lambda match: " ".join(_OF_CHINESE_ID[part] for part in match.groups() if part), voice)
    if speaker == "narrator":
        return NARRATOR
    draw = hashlib.sha256(f"{speaker}\0{voice}".encode("utf-8", "replace")).digest()
    candidates = _CAST[english_role(_words(speaker, voice), speaker, draw[0])]
    timbre = candidates[draw[1] % len(candidates)]
    # Two people given the same voice still differ a little: within 3 % of pitch and 1 % of throat.
    pitch = timbre.pitch * (0.97 + 0.06 * draw[2] / 255)
    return replace(timbre, pitch=pitch, throat=timbre.throat * (0.99 + 0.02 * draw[3] / 255))


def _words(speaker: str, voice: str) -> str:
    return unicodedata.normalize("NFKC", f"{speaker} {voice}").lower().replace("-", " ").replace("_", " ")


def _cast_revision(speaker: str, voice: str) -> int:
    """Return 2 for those who were given another voice before an age in years was read as one, else 1."""
    words = _words(speaker, voice)
    return 1 if english_role(words, speaker, 0) == english_role(words, speaker, 0, counts_years=False) else 2


def _another(timbre: Timbre, take: int) -> Timbre:
    """The same voice in another take: a little slower or faster, a little lower or higher."""
    if take == 1:
        return timbre
    pitch, pace = _TAKES[(take - 2) % len(_TAKES)]
    return replace(timbre, pitch=timbre.pitch * pitch, pace=timbre.pace * pace)


def speak(request: SpeechRequest, take: int = 1, folder: Path | None = None) -> Answer:
    """Speak the request's text: mono 16-bit WAV, with facts `duration_s`, `spoken` and `voice`.

    Where there is no voice for it (see `voice_gap`), and for a text without a word, the answer is silence as long
    as the words would take, in every take. `folder`: where the Chinese voice is. Raises `ProviderError` when the
    installed voice fails.
    """
    text = spoken_text(request.text)
    name, samples = "silence", None
    if request.language == "en" and _hibari_version() is not None:
        timbre = _another(cast_voice(request.speaker, request.voice), take)
        name, samples = timbre.name, levelled(_say(text, timbre))
    elif is_mandarin(request.language) and is_ready(folder):
        from clash.local.mandarin.kokoro import say_in_chinese

        english = english_phonemes if _hibari_version() is not None else None
        name, samples = say_in_chinese(text, request, take, folder, english)
    if samples is not None and samples.size:
        content = wav_file((samples * 32767).round().astype("<i2").tobytes(), SPEECH_RATE)
        seconds = samples.size / SPEECH_RATE
        return Answer(content, "audio/wav", facts={"duration_s": seconds, "spoken": True, "voice": name})
    samples_n = round(words_duration(text) * _SILENCE_RATE)
    facts = {"duration_s": samples_n / _SILENCE_RATE, "spoken": False, "voice": "silence"}
    return Answer(wav_file(bytes(2 * samples_n), _SILENCE_RATE), "audio/wav", facts=facts)


def voice_revision(request: SpeechRequest, folder: Path | None = None) -> str:
    """Which voice would answer: `hibari-0.2.1-cast-1`, `kokoro-...`, or `silence-1`. Imports neither voice nor runtime.

    English words in a Chinese line are read by the English voice's rules, so that its version counts for them.
    """
    version = _hibari_version()
    if request.language == "en" and version:
        return f"hibari-{version}-cast-{_cast_revision(request.speaker, request.voice)}"
    if is_mandarin(request.language) and is_ready(folder):
        reads_english = version and re.search("[A-Za-z]", request.text)
        return f"{MANDARIN_REVISION}-hibari-{version}" if reads_english else MANDARIN_REVISION
    return f"silence-{_SILENCE_REVISION}"


def installed_languages(folder: Path | None = None) -> tuple[str, ...]:
    """Return the languages that somebody will be heard in."""
    english = () if _hibari_version() is None else ("en",)
    return (*english, "zh") if is_ready(folder) else english


def voice_gap(language: str, folder: Path | None = None) -> str | None:
    """Return one sentence for the person when nobody will be heard in this language, and what to do; else None."""
    if is_mandarin(language):
        return mandarin_gap(folder)
    base = language.split("-")[0].casefold()
    if base != "en":
        spoken = _NAMES.get(base, f"the language {language}")
        return f"The offline voice does not speak {spoken}, so the film keeps time in silence, with subtitles."
    if _hibari_version() is None:
        hear = install_command("voice")
        return f"No voice is installed, so the film keeps time in silence, with subtitles. To hear it: {hear}"
    return None


def english_voices() -> tuple[Voice, ...]:
    """Return the English voices."""
    there = _hibari_version() is not None
    roles = {"narrator": (NARRATOR,), **_CAST}
    return tuple(
        voice_of_role(timbre.name, "en", role, installed=there) for role, timbres in roles.items() for timbre in timbres
    )


def english_phonemes(words: str) -> str:
    """Return the phonemes of English words."""
    with _speaking:
        try:
            return " ".join(_engine().phonemize(words))
        except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
            raise ProviderError(f"the voice could not say “{words[:60]}”: {error}") from error


def words_duration(text: str) -> float:
    """Seconds that the words would take: Chinese by the character, other scripts by the word, and a breath."""
    chinese = sum(1 for character in text if _is_chinese(character))
    words = len(re.findall(r"[^\W_]+(?:['’][^\W_]+)*", "".join(" " if _is_chinese(c) else c for c in text)))
    return chinese / _CHINESE_CHARACTERS_PER_S + words / _ENGLISH_WORDS_PER_S + _BREATH_S


def spoken_text(text: str) -> str:
    """The text as it can be read aloud: no markup, emoji, control characters or endless words and numbers."""
    text = unicodedata.normalize("NFKC", text[:LONGEST_TEXT])[:LONGEST_TEXT]
    text = re.sub(r"\[/?[A-Za-z][\w #=]{0,30}\]|\[/\]|</?[A-Za-z][^<>]{0,60}>", " ", text)
    kept = (c if unicodedata.category(c)[0] in "LMNPZ" or c in "$£€¥%°+=" else " " for c in text)
    text = re.sub(r"[\[\]{}|\\/*_#~^`<>]+", " ", "".join(kept))
    text = re.sub(rf"(\d{{{_LONGEST_NUMBER}}})[\d,.]+", r"\1", text)
    text = re.sub(rf"(\S{{{_LONGEST_WORD}}})\S+", r"\1", text)
    return re.sub(r"\s+", " ", text).strip()


def _is_chinese(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff" or "\U00020000" <= character <= "\U0003ffff"


def _hibari_version() -> str | None:
    """The installed version of hibari, or None when it or its runtime is missing. Imports neither."""
    try:
        if importlib.util.find_spec("hibari") is None or importlib.util.find_spec("onnxruntime") is None:
            return None
        return importlib.metadata.version("hibari-tts")
    except (ImportError, ValueError):
        return None


_speaking = threading.Lock()
"""One sentence at a time: the engine is a hundred times faster than speech and not made for threads."""


@cache
def _engine() -> Any:
    """The loaded voice. One thread, so that sums keep their order."""
    try:
        engine = importlib.import_module("hibari").Hibari(threads=1, g2p=_pronunciation())
        engine.sess = None
        engine.sess = _frugal_session(engine.model_path)
        return engine
    except (ImportError, OSError, RuntimeError) as error:
        raise ProviderError(
            f"the installed voice cannot be loaded: {error}",
            hint="Reinstall it: pip install --force-reinstall hibari-tts onnxruntime",
        ) from error


def _frugal_session(model: str) -> Any:
    """Return the network without an arena, which would keep 22 MB after a long sentence; it says the same samples."""
    runtime: Any = importlib.import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_cpu_mem_arena = False
    return runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _pronunciation() -> Any:
    """The rules and tables by which the engine reads words, the large tables kept small."""
    rules: Any = importlib.import_module("hibari.g2p").G2P()
    for words in (rules.lexicon.golds, rules.lexicon.silvers):
        words.d = WordTable(words.d)
    rules.tagger.weights = WordTable(rules.tagger.weights)
    return rules


def _say(text: str, timbre: Timbre) -> Samples:
    """The text as float samples at the engine's rate, sentence by sentence."""
    import numpy as np

    with _speaking:
        engine = _engine()
        noise = np.random.default_rng(0)
        parts: list[Samples] = []
        try:
            for piece in _pieces(text):
                for phonemes in engine.phonemize(piece):
                    ids = engine.ids(phonemes)
                    if len(ids) > 2:
                        parts.append(_voiced(engine.sess, ids, timbre, noise))
        except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
            raise ProviderError(f"the voice could not say “{text[:60]}”: {error}") from error
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def _pieces(text: str) -> Iterator[str]:
    """Sentences, and parts of those that are too long, cut at a clause if there is one, else at a word."""
    for sentence in re.split(r"(?<=[.!?…])\s+(?=[^a-z\s])", text):
        rest = sentence
        while len(rest) > _PIECE:
            head = rest[:_PIECE]
            cut = max(head.rfind(mark) + 1 for mark in (", ", "; ", ": ", "— "))
            if cut < _PIECE // 3:
                cut = head.rfind(" ") if " " in head else _PIECE
            yield rest[:cut]
            rest = rest[cut:].lstrip()
        if rest:
            yield rest


def _voiced(session: Any, ids: list[int], timbre: Timbre, noise: Any) -> Samples:
    """One piece through the network, its voice changed to `timbre`, through the vocoder."""
    import numpy as np

    vocoder: Any = importlib.import_module("hibari.dsp")
    out = session.run(None, {"ids": np.asarray([ids], np.int64), "speed": np.asarray([timbre.pace], np.float32)})
    envelope, phase, breath, consonants, consonant_phase, pitch = (part[0] for part in out)
    envelope, phase = _other_throat(envelope, phase, pitch, timbre)
    raised = np.maximum(np.asarray(pitch * timbre.pitch, np.float32), np.float32(_VOICED_HZ + 5))
    moved = np.where(pitch > _VOICED_HZ, raised, pitch).astype(np.float32)
    return vocoder.synth(envelope, phase, breath, consonants, consonant_phase, moved, noise)


def _other_throat(envelope: Samples, phase: Samples, pitch: Samples, timbre: Timbre) -> tuple[Samples, Samples]:
    """Read the spectral envelope at the old pitch's harmonics and draw it anew, stretched by the throat.

    Between two harmonics the network's values mean nothing (it never heard anything there), so a new pitch must
    not read them. `envelope` is in log magnitude and `phase` in atanh of half turns, both `[bins, frames]`.
    """
    import numpy as np

    envelope, phase = envelope.copy(), phase.copy()
    bins = np.arange(envelope.shape[0], dtype=np.float64) / timbre.throat
    for frame in np.flatnonzero(pitch > _VOICED_HZ):
        harmonics = np.arange(1, int(11_000 / pitch[frame]) + 1) * (pitch[frame] / _BIN_HZ)
        nearest = np.clip(np.rint(harmonics).astype(np.intp), 0, envelope.shape[0] - 1)
        turn = np.exp(1j * np.pi * np.tanh(phase[nearest, frame]))
        between = np.asarray(np.interp(bins, harmonics, turn), np.complex128)
        turned = np.angle(between) / np.pi
        envelope[:, frame] = np.interp(bins, harmonics, envelope[nearest, frame])
        phase[:, frame] = np.arctanh(np.clip(turned, -0.9999, 0.9999))
    # A lower pitch has more harmonics under the same envelope: keep the loudness.
    envelope[:, pitch > _VOICED_HZ] += 0.5 * np.log(timbre.pitch)
    return envelope, phase
