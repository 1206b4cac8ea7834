"""Every word of the pages, in English and Chinese; templates and handlers name a key and never spell text."""

from dataclasses import dataclass
from typing import Final

from shopkeeper.web.dashboard import words as dashboard

LANGUAGES: Final = ("en", "zh")

_SHOP: Final[dict[str, tuple[str, str]]] = {
    # The frame of every page
    "skip": ("Skip to content", "跳到正文"),
    "home": ("Home", "首页"),
    "main_navigation": ("Categories", "商品分类"),
    "tools": ("Language, colours and cart", "语言、外观与购物车"),
    "crumbs": ("You are here", "当前位置"),
    "cart": ("Cart", "购物车"),
    "cart_holds": ("Cart, {} in it", "购物车，共 {} 件"),
    "language": ("中文", "English"),
    "language_label": ("切换到中文", "Switch to English"),
    "theme_dark": ("Dark colours", "深色界面"),
    "theme_light": ("Light colours", "浅色界面"),
    "footer_model": ("Arranged by model {}", "由模型 {} 编排"),
    "footer_time": ("Shop time {} UTC", "本店时间 {} UTC"),
    "footer_api": ("API for developers", "开发者接口"),
    "footer_line": (
        "Every shelf on this page was put together for you, just now.",
        "本页每一行都是刚刚为您编排的。",
    ),
    # Search
    "search": ("Search", "搜索"),
    "search_label": ("Search the shop", "搜索商品"),
    "search_title": ("Results for “{}”", "“{}”的搜索结果"),
    "search_count_one": ("1 product found", "找到 1 件商品"),
    "search_count": ("{} products found", "找到 {} 件商品"),
    "search_nothing": ("Nothing was found. Try other words.", "没有找到商品，换个词试试。"),
    "search_everything": ("All results for “{}”", "查看“{}”的全部结果"),
    "search_all": ("Everything", "全部"),
    "search_price": ("Price", "价格"),
    "search_from": ("from {}", "{} 起"),
    "search_up_to": ("up to {}", "不超过 {}"),
    # Shopping as
    "shopping_as": ("Shopping as", "当前身份"),
    "guest": ("Guest", "访客"),
    "customer_named": ("Customer {}", "顾客 {}"),
    "choose_title": ("See the shop through someone's eyes", "换一位顾客的眼光逛逛"),
    "choose_guest": ("A new guest", "新访客"),
    "choose_guest_note": ("Nothing known yet", "还没有任何记录"),
    "choose_number": ("Customer number", "顾客编号"),
    "choose_go": ("Go", "进入"),
    "choose_unknown": (
        "We know nothing of customer {} yet. Check the number, or choose one from the list.",
        "没有顾客 {} 的记录。请核对编号，或从列表中选择。",
    ),
    "choose_empty": ("Type a customer number first.", "请先输入顾客编号。"),
    "customer_events_one": ("1 event", "1 条记录"),
    "customer_events": ("{} events", "{} 条记录"),
    "customer_plain": ("A bit of everything", "什么都买一点"),
    # Homepage
    "greeting_guest": ("Welcome in", "欢迎光临"),
    "greeting_guest_note": (
        "Have a look around. With every click the shelves below learn what you like.",
        "随便看看。您每点一次，下面的货架就更懂您一点。",
    ),
    "greeting_known": ("Good to see you again", "很高兴再次见到您"),
    "greeting_known_note": ("You are mostly here for {}.", "您最常逛：{}。"),
    "greeting_known_plain": ("Your shelves are ready.", "您的货架已备好。"),
    # Wishes
    "wish_label": ("Say what you are looking for", "说说您想要什么"),
    "wish_example": ("light running shoes", "想要一双轻便的跑鞋"),
    "wish_do": ("Show me", "帮我找"),
    "wish_told": ("This page follows what you said: {}.", "本页按您说的编排：{}。"),
    "wish_forget": ("Forget that", "不用了"),
    "wish_styles": ("Or choose a style", "或者选一种风格"),
    "wish_critique": ("Your opinion", "您的意见"),
    "critique_more_like": ("More like this", "更多类似的"),
    "critique_cheaper_than": ("Cheaper", "便宜些"),
    "critique_not_this": ("Not this", "不要这些"),
    "critique_told_more_like_one": ("more like 1 product", "更多类似某 1 件商品"),
    "critique_told_more_like": ("more like {} products", "更多类似 {} 件商品"),
    "critique_told_cheaper_than_one": ("cheaper than 1 product", "比某 1 件商品便宜"),
    "critique_told_cheaper_than": ("cheaper than {} products", "比 {} 件商品便宜"),
    "critique_told_not_this_one": ("without 1 product", "不要某 1 件商品"),
    "critique_told_not_this": ("without {} products", "不要 {} 件商品"),
    "list_join": (", ", "、"),
    "row_previous": ("Scroll back", "向前滚动"),
    "row_next": ("Scroll on", "向后滚动"),
    "see_all": ("See all", "查看全部"),
    "empty_shop": ("The shelves are still empty", "货架还是空的"),
    "empty_shop_note": ("Import items and events, then train the shop.", "请先导入商品和记录，再训练。"),
    # Badges, by where a card came from
    "badge_cooccurrence": ("Goes together", "经常搭配"),
    "badge_linear": ("Goes together", "经常搭配"),
    "badge_item_neighbours": ("Goes together", "经常搭配"),
    "badge_content": ("Similar", "相似"),
    "badge_transition": ("Often next", "常接着买"),
    "badge_session_neighbours": ("Often next", "常接着买"),
    "badge_transformer": ("Often next", "常接着买"),
    "badge_customer_neighbours": ("People like you", "同好之选"),
    "badge_factors": ("People like you", "同好之选"),
    "badge_repeat": ("Once more", "再来一次"),
    "badge_trending": ("Trending", "正流行"),
    "badge_popular": ("Bestseller", "畅销"),
    # Products
    "add": ("Add to cart", "加入购物车"),
    "add_named": ("Add {} to cart", "把{}加入购物车"),
    "buy_now": ("Buy now", "立即购买"),
    "no_price": ("Price on request", "价格待询"),
    "sold_out": ("Out of stock", "暂时缺货"),
    "quantity": ("Quantity", "数量"),
    "why_title": ("Why am I seeing this?", "为什么给我看这个？"),
    "why_card": ("Why {}?", "为什么推荐{}？"),
    "why_direct": (
        "You opened it yourself; no recommendation led here.",
        "这是您自己打开的，并非来自推荐。",
    ),
    "why_from_row": ("It stood on the shelf “{}”.", "它来自货架“{}”。"),
    "why_evidence": ("It rests on what you did with:", "依据是您与这些商品的往来："),
    "why_general": (
        "It was not chosen from anything personal.",
        "这条推荐没有用到您的个人记录。",
    ),
    "why_more": ("What this shop knows of you", "本店了解您的哪些信息"),
    "item_number": ("Item number", "商品编号"),
    "category": ("Category", "分类"),
    "brand": ("Brand", "品牌"),
    # Shelves a link may name
    "row_for_you": ("For you", "为您推荐"),
    "row_buy_again": ("Buy again", "再次购买"),
    "row_because": ("Because of what you did before", "因为您之前的选择"),
    "row_with_cart": ("Goes with your cart", "与购物车搭配"),
    "row_search": ("Search results", "搜索结果"),
    "row_wished": ("What you asked for", "您想要的"),
    "row_style": ("The style you chose", "您选的风格"),
    "row_cheaper": ("For less", "更便宜的"),
    "row_more_like": ("More like what you liked", "更多类似的"),
    "row_trending": ("Trending now", "正在流行"),
    "row_new": ("New in what you like", "您喜欢的品类里的新面孔"),
    "row_explore": ("Explore something different", "换换口味"),
    "row_popular": ("Popular", "热销"),
    "row_popular_in": ("Popular in its category", "分类热销"),
    "row_category": ("Category", "分类"),
    "row_similar": ("Similar products", "相似商品"),
    "row_bought_together": ("Often bought together", "经常一起购买"),
    # Offers
    "offers": ("Offers", "优惠"),
    "offers_lead": ("What runs now, what suits you first.", "正在进行的优惠，适合您的排在前面。"),
    "offers_none": ("No offer runs at the moment.", "目前没有优惠。"),
    "offer_named": ("Offer {}", "优惠 {}"),
    "offer_until": ("until {}", "截至 {}"),
    "offer_items_one": ("1 product", "1 件商品"),
    "offer_items": ("{} products", "{} 件商品"),
    # Categories
    "category_count": ("{} products, the ones likely to suit you first", "{} 件商品，更适合您的排在前面"),
    "category_count_guest": ("{} products, the best loved first", "{} 件商品，最受欢迎的排在前面"),
    "page_of": ("Page {} of {}", "第 {} 页，共 {} 页"),
    "page_previous": ("Previous page", "上一页"),
    "page_next": ("Next page", "下一页"),
    "pages": ("Pages", "分页"),
    # Cart
    "cart_title": ("Your cart", "您的购物车"),
    "cart_empty": ("Your cart is empty", "购物车是空的"),
    "cart_empty_note": ("Something on the shelves may change that.", "去货架上看看吧。"),
    "cart_back": ("Back to the shop", "返回商店"),
    "cart_each": ("{} each", "单价 {}"),
    "cart_remove": ("Remove", "移除"),
    "cart_remove_named": ("Remove {}", "移除{}"),
    "cart_total": ("Total", "合计"),
    "cart_buy": ("Buy", "购买"),
    "cart_buy_note": (
        "This is a demonstration: nothing is charged or sent.",
        "这是演示商店：不会扣款，也不会发货。",
    ),
    "added": ("{} is in your cart", "已把{}加入购物车"),
    "thanks_title": ("Thank you!", "谢谢惠顾！"),
    "thanks_note": (
        "Your purchase is recorded, and the next page knows it already.",
        "您的购买已记录，下一页就会用上。",
    ),
    "thanks_next": ("For your next visit", "下次可以看看"),
    "thanks_bought_one": ("1 product bought", "已购买 1 件商品"),
    "thanks_bought": ("{} products bought", "已购买 {} 件商品"),
    # About you
    "about_title": ("What this shop knows of you", "本店了解您的信息"),
    "about_lead": (
        "All of it comes from what you did here. There is nothing else.",
        "全部来自您在本店的操作，此外别无其他。",
    ),
    "about_nothing": (
        "Nothing yet: you are a guest who has not clicked anything.",
        "还没有：您是尚未点击过的访客。",
    ),
    "about_who": ("You are known as", "您的代号"),
    "about_who_note": (
        "A made-up name computed with the shop's own key. Your real number is not stored.",
        "由本店密钥算出的代号，不保存您的真实编号。",
    ),
    "about_who_guest": ("A guest of this browser session", "本次浏览的访客"),
    "about_events": ("Events", "记录数"),
    "about_items": ("Different products", "不同商品"),
    "about_last": ("Last seen", "最近一次"),
    "about_favourites": ("Favourite categories", "最常逛的分类"),
    "about_favourites_note": (
        "Remove one, and everything you did within it is deleted.",
        "移除一项，即删除您在其中的全部记录。",
    ),
    "about_drop": ("Not mine", "不感兴趣"),
    "about_drop_named": ("Remove my interest in {}", "移除对“{}”的兴趣"),
    "about_remove_named": ("Remove from what is known: {} {}", "从记录中移除：{}“{}”"),
    "about_close": ("Close", "关闭"),
    "switch_title": ("Personal shelves", "个性化"),
    "switch_is_on": (
        "On: what you look at is kept, and every shelf is arranged by it.",
        "已开启：保留您的浏览记录，并据此编排每一行。",
    ),
    "switch_is_off": (
        "Off: you see what a stranger sees, and no look is kept. Carts and purchases work as ever.",
        "已关闭：您看到的与陌生人相同，浏览不被记录。购物车与购买照常。",
    ),
    "switch_off": ("Switch off", "关闭"),
    "switch_on": ("Switch on", "开启"),
    "about_recent": ("What you did last", "最近的操作"),
    "about_when": ("When", "时间"),
    "about_what": ("What", "操作"),
    "about_product": ("Product", "商品"),
    "forget_title": ("Forget me", "忘记我"),
    "forget_note": (
        "Deletes every event of yours, here and now. Lists learned together with others change with the "
        "next training. This cannot be undone.",
        "立即删除您的全部记录；与他人一起学得的列表会在下次训练时更新。此操作无法撤销。",
    ),
    "forget_confirm": ("Yes, delete everything about me", "是的，删除我的全部记录"),
    "forget_do": ("Forget me", "忘记我"),
    "forget_unconfirmed": ("Nothing was deleted: tick the box first.", "没有删除任何内容：请先勾选确认。"),
    "forgotten_title": ("You are forgotten", "已忘记您"),
    "forgotten_note": (
        "{} rows were deleted. You are a new guest now.",
        "已删除 {} 行记录。您现在是新访客。",
    ),
    # Deeds, by event type
    "did_view_item": ("Looked at", "浏览"),
    "did_view_item_list": ("Saw a list", "看列表"),
    "did_select_item": ("Clicked", "点击"),
    "did_search": ("Searched", "搜索"),
    "did_add_to_cart": ("Put in cart", "加入购物车"),
    "did_remove_from_cart": ("Took out of cart", "移出购物车"),
    "did_view_cart": ("Looked at cart", "查看购物车"),
    "did_begin_checkout": ("Went to pay", "去结算"),
    "did_add_to_wishlist": ("Wished for", "加入心愿单"),
    "did_purchase": ("Bought", "购买"),
    "did_refund": ("Gave back", "退货"),
    "did_view_promotion": ("Saw an offer", "看到优惠"),
    "did_select_promotion": ("Took an offer", "点开优惠"),
    "did_rate": ("Rated", "评分"),
    "did_review": ("Reviewed", "评价"),
    "did_share": ("Shared", "分享"),
    # Time and numbers
    "just_now": ("just now", "刚刚"),
    "minutes_ago_one": ("1 minute ago", "1 分钟前"),
    "minutes_ago": ("{} minutes ago", "{} 分钟前"),
    "hours_ago_one": ("1 hour ago", "1 小时前"),
    "hours_ago": ("{} hours ago", "{} 小时前"),
    "days_ago_one": ("yesterday", "昨天"),
    "days_ago": ("{} days ago", "{} 天前"),
    # Interface list
    "api_title": ("The programming interface", "编程接口"),
    "api_lead": (
        "Everything these pages do goes through calls any program may make. The full description is",
        "这些页面所做的一切，程序都可以调用。完整说明见",
    ),
    "api_method": ("Method", "方法"),
    "api_path": ("Path", "路径"),
    "api_summary": ("What it does", "作用"),
    # Problems
    "problem_title": ("That did not work", "出了点问题"),
    "problem_missing": ("There is nothing on this shelf", "这里什么也没有"),
    "problem_origin": (
        "The form was sent from another site, so it was not carried out. Open the shop and try again.",
        "该请求来自其他网站，未予执行。请打开商店页面重试。",
    ),
}

_TABLE: Final = _SHOP | dashboard.WORDS


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language.

    Attributes
    ----------
    language
        One of `LANGUAGES`.
    """

    language: str

    def __call__(self, key: str, *values: object) -> str:
        """The text of a key with its places filled; an unknown key is a fault of the program."""
        return _TABLE[key][LANGUAGES.index(self.language)].format(*values)

    def has(self, key: str) -> bool:
        """Whether there is such a key: for keys made from data, such as the badge of a source."""
        return key in _TABLE

    def pick(self, en: str, zh: str) -> str:
        """One of two texts that came from outside the table."""
        return zh if self.language == "zh" and zh else en

    def count(self, key: str, number: int) -> str:
        """A text with a number in it, in the singular where the language has one."""
        return self(f"{key}_one") if number == 1 else self(key, f"{number:,}")

    def listed(self, parts: tuple[str, ...]) -> str:
        """Several names in one line."""
        return self("list_join").join(parts)


def keys() -> frozenset[str]:
    """All keys, for tests that hold the templates to the table."""
    return frozenset(_TABLE)


def texts(key: str) -> tuple[str, str]:
    """English and Chinese of a key, places unfilled."""
    return _TABLE[key]
