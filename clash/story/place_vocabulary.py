"""The words that name places, in English and Chinese, and the kind of place that each names.

Each line of a table: the kind that the words name outside, the kind they name inside, and the words; `_` is a space.
A trailing s, es or 's is understood.
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import cache
from typing import NamedTuple

from clash.story.place_kinds import PlaceKind


class Rank(IntEnum):
    """How much a word tells: what a place is, a way through some place (path), or very little (house)."""

    EXACT = 0
    WAY = 1
    VAGUE = 2


class Word(NamedTuple):
    """What a word names outside and inside. Those of a lower rank count where no other is there."""

    outside: PlaceKind
    inside: PlaceKind
    rank: Rank


_TABLE: tuple[tuple[PlaceKind, PlaceKind, str], ...] = (
    (
        "sea",
        "vehicle",
        "sea ocean water waves strait deck boat ship sailboat ferry raft fishing_boat "
        "rowing_boat rowboat dinghy skiff canoe kayak lifeboat open_sea high_seas "
        "大海 海上 海面 海洋 外海 公海 海峡 甲板 船 渔船 小船 小舟 舢板 独木舟 皮划艇 木筏 竹筏 "
        "救生艇 帆船 轮船 渡轮 海",
    ),
    (
        "harbour",
        "hall",
        "ferry_landing boat_landing landing_stage ferry_terminal ferry_dock "
        "harbour harbor port dock quay wharf pier marina jetty boatyard shipyard docklands seaport "
        "港口 港湾 渔港 海港 码头 船坞 栈桥 渡口 港 船厂",
    ),
    ("lighthouse", "tower_room", "lighthouse beacon 灯塔"),
    (
        "beach",
        "room",
        "beach shore seashore coast coastline seaside sand dune cove bay shoreline tidepool "
        "海滩 沙滩 海边 海岸 岸边 海湾 礁石",
    ),
    (
        "cliff",
        "cave",
        "cliff clifftop cliffside cliff_top headland cape bluff promontory precipice coast_path coastal_path "
        "coastal_trail "
        "悬崖 崖边 崖顶 崖上 断崖 峭壁 海崖 海角 岬角 崖",
    ),
    ("crag", "cave", "crag mountain_cliff 山崖 山间悬崖"),
    (
        "river",
        "room",
        "river riverside riverbank riverfront stream creek brook canal waterfall rapids ford "
        "河 河边 河岸 小河 江 江边 江岸 溪 小溪 溪边 运河 瀑布 河畔",
    ),
    ("lake", "room", "lake lakeside lakeshore pond lagoon reservoir marsh swamp 湖 湖边 湖畔 湖面 池塘 水库 沼泽 湖泊"),
    (
        "forest",
        "room",
        "forest wood woods woodland jungle grove rainforest thicket clearing bamboo "
        "森林 树林 丛林 林中 林间 竹林 松林 密林 林子 雨林",
    ),
    (
        "field",
        "room",
        "field farm meadow prairie grassland pasture wheatfield orchard vineyard ranch hillside "
        "paddy steppe "
        "田野 田 稻田 麦田 农田 草原 草地 牧场 农场 果园 原野 田间",
    ),
    (
        "mountain",
        "room",
        "mountain peak summit ridge hill valley canyon gorge mountainside mountaintop volcano mountain_pass "
        "山 山路 山道 山径 山顶 山上 山峰 山谷 峡谷 山坡 高山 大山 山脉 山脊 火山 山里",
    ),
    (
        "snowfield",
        "room",
        "snowfield snow tundra glacier arctic antarctica iceberg icefield frozen wasteland snowy_mountain "
        "frozen_lake snow_field ice_field "
        "雪地 雪原 雪山 冰原 冰川 北极 南极 冰雪",
    ),
    (
        "desert",
        "room",
        "desert dunes sands wasteland oasis badlands sand_dunes salt_flats 沙漠 戈壁 荒漠 沙丘 绿洲 荒原",
    ),
    (
        "street",
        "shop",
        "street avenue boulevard sidewalk pavement crosswalk intersection storefront shopfront chinatown "
        "街 街道 街头 街上 大街 马路 路口 十字路口 人行道 街角 步行街 商业街",
    ),
    ("street", "cellar", "car_park parking_lot bus_stop street_corner 停车场 公交站 车站牌"),
    (
        "alley",
        "corridor",
        "alley alleyway backstreet lane passageway hutong back_street back_alley back_lane "
        "小巷 巷子 胡同 弄堂 巷口 后巷 巷 里弄",
    ),
    (
        "market",
        "market",
        "market marketplace bazaar fair souk night_market flea_market fish_market farmers_market "
        "christmas_market "
        "市场 集市 菜市场 夜市 市集 早市 庙会 集贸市场",
    ),
    ("square", "hall", "square plaza piazza courtyard agora stadium forum 广场 庭院 院子 院落 四合院 操场 体育场"),
    (
        "park",
        "room",
        "park garden playground backyard yard cemetery graveyard gazebo "
        "公园 花园 宫苑 御花园 后院 墓地 游乐场 植物园 草坪",
    ),
    (
        "village",
        "room",
        "village hamlet town farmhouse countryside 村庄 村子 小镇 村 镇 乡村 农村 村口 山村 古镇 渔村 乡下",
    ),
    (
        "city",
        "room",
        "city downtown skyline metropolis skyscraper cityscape suburb highrise "
        "城市 都市 市区 市中心 天际线 摩天楼 高楼 城里 城",
    ),
    ("rooftop", "room", "rooftop roof balcony terrace 天台 屋顶 楼顶 阳台 露台 房顶"),
    (
        "road",
        "vehicle",
        "road highway motorway roadside crossroads freeway asphalt 公路 高速公路 盘山公路 道路 路边 路上 大路 柏油路",
    ),
    ("bridge", "spaceship", "bridge footbridge viaduct overpass aqueduct 桥 大桥 石桥 天桥 桥上 桥头 桥下 小桥 廊桥"),
    (
        "station",
        "station",
        "station platform railway airport subway metro terminal depot railroad train_station bus_station "
        "train_track railway_track railroad_track railway_station subway_station metro_station "
        "车站 火车站 站台 月台 地铁站 地铁 机场 铁路 高铁站 铁轨",
    ),
    (
        "sky",
        "vehicle",
        "sky cloud clouds heaven airspace airship balloon helicopter 天空 云端 云上 云海 空中 高空 天上 热气球",
    ),
    (
        "space",
        "spaceship",
        "space planet moon orbit galaxy asteroid mars nebula cosmos universe starfield outer_space "
        "deep_space lunar_surface "
        "太空 宇宙 月球 火星 星球 银河 星空 轨道 小行星 星云 外太空",
    ),
    (
        "bedroom",
        "bedroom",
        "bedroom nursery dormitory dorm attic bedchamber hotel_room sleeping_quarters "
        "卧室 寝室 宿舍 卧房 阁楼 睡房 酒店房间 旅馆房间",
    ),
    ("kitchen", "kitchen", "kitchen pantry galley bakehouse 厨房 灶台 灶间 后厨"),
    (
        "shop",
        "shop",
        "shop store cafe café coffeehouse restaurant bar pub tavern inn bakery diner bookstore bookshop "
        "noodle noodles teahouse teashop ramen izakaya saloon nightclub supermarket pharmacy workshop "
        "boutique florist barbershop canteen cafeteria coffee_shop noodle_shop tea_house repair_shop "
        "corner_store book_shop "
        "咖啡馆 咖啡厅 咖啡店 餐厅 饭馆 饭店 面馆 酒吧 酒馆 酒楼 茶馆 茶楼 书店 商店 小店 店 铺子 面包店 "
        "便利店 超市 药店 花店 食堂 面店 拉面店 客栈 店铺 杂货店 理发店 作坊 当铺 小吃店 餐馆",
    ),
    (
        "office",
        "office",
        "office study boardroom cubicle newsroom headquarters bank studio library archive meeting_room "
        "conference_room police_station control_room reading_room "
        "办公室 会议室 书房 写字楼 公司 工作室 图书馆 编辑部 银行 警局 派出所 档案室",
    ),
    (
        "classroom",
        "classroom",
        "classroom school schoolroom lecture campus university college 教室 课堂 学校 校园 大学 中学 小学",
    ),
    (
        "hall",
        "hall",
        "hall ballroom theatre theater auditorium church cathedral chapel temple shrine palace throne "
        "museum gallery courtroom courthouse lobby foyer gym gymnasium castle warehouse factory hangar "
        "mosque monastery concert town_hall great_hall throne_room city_hall concert_hall market_hall "
        "大厅 礼堂 剧院 剧场 教堂 寺庙 寺院 庙 宫殿 皇宫 博物馆 美术馆 法庭 大堂 体育馆 祠堂 宴会厅 音乐厅 "
        "仓库 工厂 殿 电影院 王宫 龙宫 宫城 城堡 古堡",
    ),
    (
        "corridor",
        "corridor",
        "corridor hallway passage stairs staircase elevator tunnel 走廊 过道 楼道 楼梯 楼梯间 电梯 隧道 长廊",
    ),
    (
        "interior",
        "interior",
        "bathroom restroom washroom toilet lavatory shower_room laundry_room changing_room dressing_room attic pantry "
        "garage 浴室 卫生间 洗手间 厕所 更衣室 化妆间 洗衣房 阁楼 储藏室 车库",
    ),
    (
        "tower_room",
        "tower_room",
        "stairwell lantern lamproom belfry turret tower lamp_room lantern_room watch_room tower_room "
        "keeper's_room bell_tower clock_tower spiral_stair spiral_staircase spiral_stairs "
        "灯室 灯房 塔楼 塔内 塔顶 钟楼 塔 螺旋楼梯 旋转楼梯",
    ),
    (
        "cellar",
        "cellar",
        "cellar basement dungeon vault bunker crypt prison jail cell sewer garage wine_cellar prison_cell "
        "地下室 地窖 酒窖 地牢 监狱 牢房 防空洞 下水道 车库 密室",
    ),
    ("cave", "cave", "cave cavern grotto mineshaft 洞穴 山洞 岩洞 溶洞 矿井 矿洞 洞"),
    (
        "vehicle",
        "vehicle",
        "car train bus taxi cab truck van carriage compartment cockpit tram plane airplane aeroplane "
        "limousine submarine train_car ship_cabin ship's_cabin train_carriage dining_car engine_room "
        "subway_car "
        "车厢 车内 车里 汽车 火车 公交车 出租车 卡车 船舱 机舱 飞机 驾驶室 地铁车厢 高铁 列车 客舱 公交",
    ),
    (
        "spaceship",
        "spaceship",
        "spaceship starship spacecraft airlock shuttle rocket capsule space_station space_ship escape_pod "
        "starship_bridge spaceship_bridge "
        "cargo_bay command_deck ship's_bridge "
        "飞船 太空船 宇宙飞船 空间站 舰桥 太空舱 驾驶舱 火箭 太空站",
    ),
    (
        "lab",
        "lab",
        "lab laboratory observatory greenhouse research_station research_center research_centre "
        "server_room data_center "
        "实验室 研究所 天文台 研究室 机房 控制室",
    ),
    (
        "hospital",
        "hospital",
        "hospital clinic ward infirmary icu morgue operating_room emergency_room waiting_room sick_bay "
        "hospital_room "
        "医院 病房 诊所 手术室 急诊室 医务室",
    ),
    (
        "room",
        "room",
        "apartment parlour parlor lounge living dining living_room dining_room sitting_room "
        "drawing_room "
        "客厅 起居室 公寓 堂屋 餐室",
    ),
)

_WAYS: tuple[tuple[PlaceKind, PlaceKind, str], ...] = (
    (
        "footpath",
        "corridor",
        "path footpath pathway track trail dirt_road country_lane "
        "小路 小径 小道 步道 栈道 土路 泥路 乡间小路 乡间小道 羊肠小道",
    ),
)

_VAGUE: tuple[tuple[PlaceKind, PlaceKind, str], ...] = (
    ("village", "room", "house home cottage cabin hut shack mansion villa 房子 小屋 木屋 家 老屋 老宅 别墅 屋子 茅屋"),
    ("room", "room", "room chamber quarters 房间 屋里 屋内 房 室"),
    ("city", "interior", "building tower block 大楼 楼"),
    ("sea", "room", "island 岛 小岛 岛屿"),
    ("shop", "shop", "counter 柜台"),
    ("hall", "hall", "stage 舞台"),
    ("exterior", "interior", "tent 帐篷 营帐"),
)


_NOT_OF_A_HOUSE = "(?<![皇国國大专專作画畫商农農科人独獨])家(?!族|乡|鄉|具|庭|伙)"
"""家 as a place: in 皇家, 作家, 家族 it is none."""


@cache
def vocabulary() -> tuple[re.Pattern[str], dict[str, Word]]:
    """One expression that tries longer words first, and what each word means."""
    words: dict[str, Word] = {}
    for table, rank in ((_TABLE, Rank.EXACT), (_WAYS, Rank.WAY), (_VAGUE, Rank.VAGUE)):
        for outside, inside, listed in table:
            for word in listed.split():
                words.setdefault(word.replace("_", " "), Word(outside, inside, rank))
    longest_first = sorted(words, key=lambda w: (-len(w), w))
    latin = "|".join(re.escape(w) for w in longest_first if w[0] < "\u2e80")
    chinese = "|".join(_NOT_OF_A_HOUSE if w == "家" else re.escape(w) for w in longest_first if w[0] >= "\u2e80")
    return re.compile(rf"\b(?:{latin})(?:['’]s|e?s)?(?![^\W_])|(?:{chinese})"), words
