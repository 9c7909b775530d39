"""Poses: where hands and feet are, chosen from what a shot says or from its digest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from clash.local.figures import words
from clash.local.figures.face import EXPRESSIONS, Expression
from clash.local.figures.look import Digest, Look


@dataclass(frozen=True)
class Arm:
    """One arm: the wrist from the shoulder, in heads; x away from the body, y down."""

    wrist: tuple[float, float] = (0.15, 2.03)
    slack: float = 1.14
    """How far the elbow may bend in the plane of the picture: the arm's length over the way from shoulder to wrist."""
    grip: str = "relaxed"
    """relaxed, open, fist, point, hold, hidden."""
    aim: float | None = None
    """Where the hand points (radians, clockwise from away from the body); None: along the forearm."""


HANGING = Arm(slack=1.03)
"""An arm that hangs down, hardly bent."""


@dataclass(frozen=True)
class Pose:
    """A whole pose. The near arm is the one on the side that the figure looks to."""

    name: str = "standing"
    near: Arm = field(default_factory=lambda: HANGING)
    far: Arm = field(default_factory=lambda: HANGING)
    legs: str = "standing"
    """standing, walking, running, sitting."""
    lean: float = 0.0
    """Forward lean of the upper body, in heads at the shoulders."""
    tilt: float = 0.0
    """Tilt of the head in radians, forward positive."""
    prop: str = ""
    """What the near hand holds."""


_RAISED = Arm(wrist=(0.52, -0.52), slack=1.45, grip="open")
_AT_CHEST = Arm(wrist=(-0.42, 0.78), grip="relaxed", aim=3.5)
_HOLDING = Arm(wrist=(-0.02, 1.02), grip="hold", aim=-0.35)

POSES: Mapping[str, Pose] = {
    "standing": Pose(),
    "relaxed": Pose("relaxed", near=Arm(wrist=(0.20, 1.99), slack=1.03), far=Arm(wrist=(0.02, 1.80), grip="hidden")),
    "hand_on_hip": Pose("hand_on_hip", far=Arm(wrist=(-0.06, 1.42), slack=1.34, grip="fist", aim=2.3)),
    "raised": Pose("raised", near=_RAISED),
    "crossed": Pose(
        "crossed",
        near=Arm(wrist=(-0.88, 0.98), grip="hidden", aim=3.3),
        far=Arm(wrist=(-0.78, 1.12), grip="relaxed", aim=3.3),
        tilt=-0.02,
    ),
    "pointing": Pose("pointing", near=Arm(wrist=(1.52, 0.22), grip="point"), lean=0.05),
    "reaching": Pose("reaching", near=Arm(wrist=(1.22, 0.66), grip="open", aim=0.1), lean=0.08),
    "holding": Pose("holding", near=_HOLDING),
    "sheltering": Pose("sheltering", near=Arm(wrist=(-0.10, 0.42), slack=1.7, grip="hold", aim=-1.2)),
    "lifting": Pose("lifting", near=Arm(wrist=(0.80, -0.40), slack=1.3, grip="hold", aim=-0.9)),
    "hand_on_heart": Pose("hand_on_heart", near=_AT_CHEST, tilt=0.05),
    "thinking": Pose(
        "thinking",
        near=Arm(wrist=(-0.50, 0.30), grip="fist", aim=4.3),
        far=Arm(wrist=(-0.86, 1.10), grip="hidden", aim=3.2),
        tilt=0.05,
    ),
    "clasped": Pose(
        "clasped",
        near=Arm(wrist=(-0.46, 1.42), grip="relaxed", aim=2.7),
        far=Arm(wrist=(-0.50, 1.46), grip="relaxed", aim=2.7),
    ),
    "shielding": Pose(
        "shielding",
        near=Arm(wrist=(-0.02, 0.16), slack=1.9, grip="open", aim=-1.4),
        far=Arm(wrist=(-0.16, 0.52), slack=1.5, grip="open", aim=-1.6),
        lean=-0.12,
    ),
    "pleading": Pose(
        "pleading",
        near=Arm(wrist=(0.52, 0.92), grip="open", aim=-0.3),
        far=Arm(wrist=(0.30, 1.02), grip="open", aim=-0.2),
    ),
    "walking": Pose(
        "walking",
        near=Arm(wrist=(0.46, 1.86)),
        far=Arm(wrist=(0.30, 1.90)),
        legs="walking",
        lean=0.08,
    ),
    "running": Pose(
        "running",
        near=Arm(wrist=(0.10, 0.86), slack=1.5, grip="fist", aim=-0.9),
        far=Arm(wrist=(0.62, 1.20), slack=1.3, grip="fist"),
        legs="running",
        lean=0.28,
        tilt=0.05,
    ),
    "sitting": Pose(
        "sitting",
        near=Arm(wrist=(-0.12, 1.72), grip="relaxed"),
        far=Arm(wrist=(-0.30, 1.70), grip="relaxed"),
        legs="sitting",
    ),
    "at_table": Pose(
        "at_table",
        near=Arm(wrist=(-0.30, 1.26), slack=1.35, grip="relaxed", aim=2.9),
        far=Arm(wrist=(-0.38, 1.28), slack=1.35, grip="relaxed", aim=2.9),
        legs="sitting",
    ),
    "rowing": Pose(
        "rowing",
        near=Arm(wrist=(0.10, 1.06), slack=1.5, grip="fist", aim=1.1),
        far=Arm(wrist=(0.10, 1.06), slack=1.5, grip="fist", aim=1.1),
        legs="sitting",
    ),
    "bowed": Pose(
        "bowed",
        near=Arm(wrist=(-0.46, 1.42), grip="relaxed", aim=2.7),
        far=Arm(wrist=(-0.50, 1.46), grip="relaxed", aim=2.7),
        lean=0.10,
        tilt=0.16,
    ),
}

GESTURES: Mapping[str, str] = {
    "points|point|pointing|point at|指着|指向|指": "pointing",
    "waves|wave|waving|wave to|greets|salutes|raises a hand|raises his hand|raises her hand|hails"
    "|挥手|招手|举手": "raised",
    "runs|run|running|ran|sprints|races|flees|dashes|chases|奔跑|跑|逃|追|冲": "running",
    "walks|walking|walk|strides|wanders|crosses|climbs|enters|leaves|steps|follows|returns|approaches|arrives"
    "|走|爬|登上|归来|离开|进入|踏": "walking",
    "sits|sit|sitting|seated|sat|kneels|crouches|坐|蹲|跪": "sitting",
    "reaches|reaching|offers|gives|hands|touches|伸手|递|伸出|触|抚": "reaching",
    "crosses her arms|crosses his arms|arms crossed|arms folded|folds|抱臂|双臂交叉": "crossed",
    "thinks|ponders|wonders|studies|considers|思考|沉思|想": "thinking",
    "prays|begs|pleads|祈祷|恳求|求": "pleading",
    "weeps|cries|sobs|mourns|bows|lowers|低头|哭|鞠躬": "bowed",
    "cowers|recoils|hides|shields|flinches|躲|退缩": "shielding",
    "hugs|embraces|heart|拥抱|抱住|心口": "hand_on_heart",
    "holds up|lifts|raises|raising|举起|提起|点亮|点燃|高举": "lifting",
    "holds|hold|holding|carries|carrying|clutches|grips|takes|picks up|opens|reads|drinks|plays"
    "|架起|演奏|拉琴|弹琴|拿|握|捧|提着|端|读|抱着|攥|打开": "holding",
}

MOODS: Mapping[str, str] = {
    "overjoyed|joyful|joy|laughing|laughs|laugh|delighted|ecstatic|triumphant|cheering|celebrates|excited"
    "|大笑|狂喜|欢呼|兴奋|欢乐": "joyful",
    "happy|smiles|smiling|smile|glad|cheerful|content|pleased|playful|proud|amused|hopeful|hope|warm"
    "|高兴|开心|快乐|微笑|喜悦|幸福|满足|希望|欣慰|笑": "happy",
    "weeping|weeps|sobbing|sobs|cries|crying|tears|grief|grieving|heartbroken|痛哭|哭|流泪|悲痛|泪": "weeping",
    "sad|sorrow|sorrowful|melancholy|lonely|loneliness|regret|wistful|mournful|disappointed|downcast|gloomy"
    "|悲伤|难过|忧伤|伤感|孤独|失落|哀|遗憾|忧郁|惆怅": "sad",
    "angry|anger|furious|rage|shouts|shouting|yells|annoyed|bitter|hostile|defiant|愤怒|生气|怒|恼|吼": "angry",
    "afraid|fear|fearful|scared|terrified|terror|panic|frightened|anxious|nervous|worried|dread|tense|uneasy"
    "|害怕|恐惧|惊恐|恐慌|紧张|担心|焦虑|不安|慌": "afraid",
    "surprised|surprise|shocked|shock|astonished|amazed|awe|awed|wonder|startled|stunned|gasps"
    "|惊讶|吃惊|震惊|惊|诧异|敬畏|惊奇": "surprised",
    "determined|resolute|resolve|brave|stern|serious|focused|grim|urgent"
    "|坚定|坚决|严肃|果断|专注|勇敢|决绝": "determined",
    "tender|tenderness|gentle|love|loving|kind|affection|nostalgic|relieved|relief|calm|peaceful|serene"
    "|温柔|温情|爱|怀念|平静|安详|释然|宁静|温暖|感动": "tender",
    "tired|weary|exhausted|sleepy|疲惫|疲倦|累|困": "tired",
    "asleep|sleeps|sleeping|unconscious|sleep|睡着|沉睡|入睡|昏迷": "asleep",
}

TOGETHER = "they|them|both|all|together|everyone|everybody|他们|她们|两人|二人|三人|大家|众人|一起"
"""Words that say that more than one does what is said."""
CLOSED_EYES = (
    "closes her eyes|closes his eyes|closes their eyes|eyes closed|shuts her eyes|shuts his eyes|eyes shut"
    "|闭上眼|闭眼|闭着眼|合上眼"
)

QUIET_POSES = ("standing", "relaxed", "hand_on_hip", "standing", "clasped", "crossed")
SPEAKING_POSES = ("pleading", "relaxed", "raised", "hand_on_heart", "reaching", "standing")
POSES_OF_MOOD: Mapping[str, tuple[str, ...]] = {
    "joyful": ("raised", "pleading", "hand_on_heart"),
    "weeping": ("bowed", "hand_on_heart"),
    "sad": ("clasped", "bowed", "standing"),
    "angry": ("crossed", "pointing", "hand_on_hip"),
    "afraid": ("shielding", "hand_on_heart", "clasped"),
    "surprised": ("shielding", "pleading", "standing"),
    "determined": ("hand_on_hip", "standing", "crossed"),
    "tender": ("hand_on_heart", "clasped", "relaxed"),
    "tired": ("standing", "bowed"),
}


def expression_of(emotion: str, text: str, *, speaking: bool = False) -> Expression:
    """What the face shows: by the named emotion, else by the words of the action; a speaker's mouth is open."""
    mood = EXPRESSIONS[mood_of(emotion, text)]
    if words.pattern(CLOSED_EYES).search(text):
        mood = replace(mood, eyes=0.0)
    if speaking and mood.mouth < 0.3:
        return replace(mood, mouth=0.42, round=max(mood.round, 0.25))
    return mood


def mood_of(emotion: str, text: str) -> str:
    """The name of the mood in `EXPRESSIONS`."""
    return words.said(MOODS, [emotion, text]) or "neutral"


_ON_FOOT = frozenset({"walking", "running", "sitting"})


def pose_of(
    look: Look,
    *,
    action: str,
    mood: str,
    speaking: bool,
    prop: str,
    whole: bool,
    seed: str,
    posture: str = "",
    take: int = 1,
) -> Pose:
    """The pose of a character: by the words of the action, else by mood and speech, chosen by `seed`.

    `whole` says that the legs can be seen; `prop` is something to hold, or "". `posture` is the pose of somebody who
    sits ("sitting", "at_table", "rowing"), or ""; hands that have something to do do it sitting, too. Another `take`
    has another pose where the words leave it open.
    """
    digest = Digest(seed)
    table = {text: name for text, name in GESTURES.items() if not posture or name not in _ON_FOOT}
    gesture = words.said(table, [action]) or posture or None
    if posture == "rowing":
        gesture = posture
    if prop and gesture == "reaching":
        gesture = "holding"
    if prop == "burning match" and gesture in {None, "holding"}:
        gesture = "lifting"
    if gesture is None:
        if mood in POSES_OF_MOOD and not speaking:
            choices = POSES_OF_MOOD[mood]
        else:
            choices = SPEAKING_POSES if speaking else QUIET_POSES
        gesture = digest.pick("pose", choices, take)
    pose = POSES[gesture]
    if not whole and pose.legs in {"walking", "running"}:
        pose = replace(POSES["relaxed" if gesture == "walking" else "running"], lean=pose.lean)
    if prop == "umbrella" and gesture in {"holding", "lifting"}:
        pose = POSES["sheltering"]
    held = prop if pose.near.grip == "hold" else ""
    if pose.near.grip == "hold" and not held:
        pose = replace(pose, near=replace(pose.near, grip="open" if gesture == "lifting" else "relaxed"))
    if posture:
        pose = replace(pose, legs="sitting", lean=pose.lean * 0.5)
    elder = 0.16 if look.age == "old" else 0.0
    return replace(pose, prop=held, lean=pose.lean + elder, tilt=pose.tilt + elder * 0.25)


def bystander_pose(seed: str) -> Pose:
    """The pose of somebody who only stands by."""
    return POSES[Digest(seed).pick("pose", QUIET_POSES)]
