"""A few rows of every public log in its true layout: files by name, and what is written of them."""

import io

import pyarrow as pa
import pyarrow.parquet as pq


def parquet(**columns) -> bytes:
    """A parquet file in memory."""
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


_COSMETICS = """\
event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session
2019-10-01 00:00:00 UTC,cart,5773203,1487580005134238553,,runail,2.62,463240011,26dd6e6e-4dac-4778-8d2c-92e149dab885
2019-10-01 00:00:03 UTC,view,5773353,1487580005134238553,,runail,2.62,463240011,26dd6e6e-4dac-4778-8d2c-92e149dab885
2019-10-01 00:00:07 UTC,remove_from_cart,5881589,2151191071051219817,,lovely,13.48,429681830,49e8d843-adf3-428b-a2c3-fe8bc6a307c9
2019-10-01 00:00:08 UTC,purchase,5881589,2151191071051219817,,lovely,13.48,429681830,
"""
_TAOBAO = """\
1,2268318,2520377,pv,1511544070
1,2333346,2520771,fav,1511561733
1,2576651,149192,pv,1511400000
100,2268318,2520377,buy,1512316799
"""
_TMALL_1 = """\
user_id,item_id,cat_id,seller_id,brand_id,time_stamp,action_type
328862,323294,833,2882,2661,829,0
328862,844400,1271,2882,2661,1111,2
"""
_TMALL_2 = """\
user_id,age_range,gender,merchant_id,label,activity_log
34176,6,0,944,-1,408895:1505:7370:1107:0#17235:1604:4396:0818:3
34177,,,945,0,
"""
_REC_TMALL = "3903192\x01u6276408\x01click\x012013-08-26 06:01:11\n161\x01u2625\x01alipay\x012014-09-18 15:03:00\n"
_REC_TMALL_ITEMS = (
    "161\x01Silk scarf 60,60\x01http://x/1.jpg\x0150-1099\x01b1\x01s86799\n3903192\x01\u4e1d\x01\x017-8\x01\x01s1\n"
)
_REC_TMALL_SAMPLE = "item_id,user_id,action,vtime\ni161,u2625,click,2014/9/18 15:03\ni161,u2626,cart,2014/9/23 22:40\n"
_REC_TMALL_SAMPLE_ITEMS = (
    "item_id,title,pict_url,category,brand_id,seller_id\ni161,\u4e1d\u5dfe,http://x,50-1099,b1,s1\n"
)
_KUAIRAND = """\
user_id,video_id,date,hourmin,time_ms,is_click,is_like,is_follow,is_comment,is_forward,is_hate,long_view,play_time_ms,duration_ms,profile_stay_time,comment_stay_time,is_profile_enter,is_rand,tab
0,4377,20220408,1300,1649394303478,1,0,0,0,0,0,1,30000,25000,0,0,0,0,1
0,12,20220408,1300,1649394304000,0,0,0,0,0,0,0,10,25000,0,0,0,0,1
"""
_KUAIRAND_VIDEOS = """\
video_id,author_id,video_type,upload_dt,upload_type,visible_status,video_duration,server_width,server_height,music_id,music_type,tag
4377,8,NORMAL,2022-03-01,ShortImport,public,25000.0,720,1280,3,9.0,"12,67"
12,9,NORMAL,2022-03-01,ShortImport,public,25000.0,720,1280,3,9.0,
"""
_AMAZON_2023 = (
    '{"rating": 5.0, "text": "A line.\\nAnother.", "asin": "B00YQ6X8EO", "parent_asin": "B00YQ6X8E0", '
    '"user_id": "AGKHLEW2SOWHNMFQIJGBECAF7INQ", "timestamp": 1588687728923}\n'
    '{"rating": 4.0, "text": "", "asin": "0000031852", "parent_asin": "0000031852", '
    '"user_id": "AGKHLEW2SOWHNMFQIJGBECAF7INQ", "timestamp": 1588687729000}\n'
)
_AMAZON_2023_META = """\
{"main_category": "All Beauty", "title": "A", "parent_asin": "B00YQ6X8E0", "categories": ["Beauty", "Hair", "Shampoo"]}
{"main_category": "All Beauty", "title": "B", "parent_asin": "0000031852", "categories": []}
"""
_AMAZON_2018_META = '{"category": ["Beauty", "Hair"], "asin": "0143026860"}\n'
_AMAZON_2014_META = "{'asin': '0143026860', 'title': 'It\\'s', 'categories': [['Beauty', 'Skin']]}\n"
_RETAILROCKET = """\
timestamp,visitorid,event,itemid,transactionid
1433221332117,257597,view,355908,
1433224214164,992329,transaction,248676,4000
"""
_RETAILROCKET_ITEMS = """\
timestamp,itemid,property,value
1435460400000,355908,categoryid,1338
1441508400000,355908,888,1116713 960601 n277.200
1432436400000,248676,categoryid,9
1433041200000,248676,categoryid,10
1433646000000,248676,categoryid,10
"""
_CLICKS = """\
1,2014-04-07T10:51:09.277Z,214536502,0
1,2014-04-07T10:54:09.868Z,214536500,S
2,2014-04-07T13:56:37.614Z,214662742,7
"""
_BUYS = "1,2014-04-07T10:55:00.000Z,214536500,12462,1\n"
_DIGINETICA = """\
sessionId;userId;itemId;timeframe;eventdate
1;NA;81766;526309;2016-05-09
2;7;31331;1031018;2016-05-09
"""
_DIGINETICA_ITEMS = "itemId;categoryId\n81766;1096\n31331;0\n"
_ML_DATA = "196\t242\t3\t881250949\n186\t302\t3\t891717742\n"
_ML_ITEM = (
    "242|Kolya (1996)|24-Jan-1997||http://us.imdb.com/M/title-exact?Kolya%20(1996)|0|0|0|0|0|1|0|0|0|0|0|0|0|0|0|0|0|0|0\n"
    "302|L\xe9on|01-Jan-1997||x|0|0|0|0|0|0|1|0|0|0|1|0|0|1|0|0|1|0|0\n"
)
_ML_DAT = "1::1193::5::978300760\n1::661::3::978302109\n"
_ML_MOVIES = (
    "1193::One Flew Over the Cuckoo's Nest (1975)::Drama\n661::James: L\xe9 (1996)::Animation|Children's|Musical\n"
)
_ML_CSV = "userId,movieId,rating,timestamp\n1,296,5.0,1147880044\n1,306,3.5,1147868817\n"
_ML_MOVIES_CSV = 'movieId,title,genres\n296,"Pulp, Fiction (1994)",Comedy|Crime\n306,Red,(no genres listed)\n'
_LASTFM = (
    "user_000001\t2009-05-04T23:08:57Z\tf1b1cf71-bd35-4e99-8624-24a6e15f133a\tDeep Dish\t\tFuck Me Im Famous\n"
    "user_000001\t2009-05-04T13:54:10Z\ta7f7df4a-77d8-4f12-8acd-5c60c93f4de8\t\u5742\u672c\u9f8d\u4e00\t"
    'f1b1cf71-bd35-4e99-8624-000000000001\tComposition "0919"\n'
)

# name of the source: (its files, the .inter without its header, the .item without its header)
SAMPLES: dict[str, list[tuple[dict[str, bytes], list[str], list[str]]]] = {
    "cosmetics": [
        (
            {"2019-Oct.csv": _COSMETICS.encode()},
            [
                "429681830|5881589|1569888008|purchase|",
                "463240011|5773203|1569888000|cart|26dd6e6e-4dac-4778-8d2c-92e149dab885",
                "463240011|5773353|1569888003|view|26dd6e6e-4dac-4778-8d2c-92e149dab885",
            ],
            ["5773203|1487580005134238553", "5773353|1487580005134238553", "5881589|2151191071051219817"],
        )
    ],
    "taobao": [
        (
            {"UserBehavior.csv": _TAOBAO.encode()},
            ["1|2268318|1511544070|pv", "1|2333346|1511561733|fav", "100|2268318|1512316799|buy"],
            ["2268318|2520377", "2333346|2520771"],
        )
    ],
    "tmall": [
        (
            {"user_log_format1.csv": _TMALL_1.encode()},
            ["328862|323294|1409241600|click", "328862|844400|1415635200|purchase"],
            ["323294|833", "844400|1271"],
        ),
        (
            {"train_format2.csv": _TMALL_2.encode()},
            ["34176|17235|1408291200|favourite", "34176|408895|1415289600|click"],
            ["17235|1604", "408895|1505"],
        ),
    ],
    "rec-tmall": [
        (
            {
                "tianchi_2014002_rec_tmall_log_parta.txt": _REC_TMALL.encode(),
                "tianchi_2014001_rec_tmall_product.txt": _REC_TMALL_ITEMS.encode(),
            },
            ["u2625|161|1411023780|alipay", "u6276408|3903192|1377468071|click"],
            ["161|50-1099", "3903192|7-8"],
        ),
        (
            {
                "(sample)sam_tianchi_2014002_rec_tmall_log.csv": _REC_TMALL_SAMPLE.encode(),
                "(sample)sam_tianchi_2014001_rec_tmall_product.csv": _REC_TMALL_SAMPLE_ITEMS.encode("gb18030"),
            },
            ["u2625|i161|1411023780|click", "u2626|i161|1411483200|cart"],
            ["i161|50-1099"],
        ),
    ],
    "kuairand": [
        (
            {
                "log_standard_4_08_to_4_21_pure.csv": _KUAIRAND.encode(),
                "video_features_basic_pure.csv": _KUAIRAND_VIDEOS.encode(),
            },
            ["0|4377|1649394303478|click"],
            ["4377|12"],
        )
    ],
    "amazon-2023": [
        (
            {"All_Beauty.jsonl": _AMAZON_2023.encode(), "meta_All_Beauty.jsonl": _AMAZON_2023_META.encode()},
            [
                "AGKHLEW2SOWHNMFQIJGBECAF7INQ|B00YQ6X8E0|1588687728923",
                "AGKHLEW2SOWHNMFQIJGBECAF7INQ|0000031852|1588687729000",
            ],
            ["0000031852|", "B00YQ6X8E0|Shampoo"],
        ),
        (
            {"All_Beauty.csv": b"user_id,parent_asin,rating,timestamp\nAGK,0000031852,5.0,1588687728923\n"},
            ["AGK|0000031852|1588687728923"],
            [],
        ),
    ],
    "amazon-2018": [
        (
            {
                "All_Beauty.csv": b"0143026860,A1V6B6TNIC10QE,1.0,1424304000\n",
                "meta_All_Beauty.json": _AMAZON_2018_META.encode(),
            },
            ["A1V6B6TNIC10QE|0143026860|1424304000"],
            ["0143026860|Hair"],
        ),
        (
            {
                "All_Beauty_5.json": b'{"overall": 5.0, "reviewerID": "A1", "asin": "0143026860", "unixReviewTime": 1424304000}\n'
            },
            ["A1|0143026860|1424304000"],
            [],
        ),
    ],
    "amazon-2014": [
        (
            {
                "ratings_Beauty.csv": b"A39HTATAQ9V7YF,0143026860,5.0,1369699200\n",
                "meta_Beauty.json": _AMAZON_2014_META.encode(),
            },
            ["A39HTATAQ9V7YF|0143026860|1369699200"],
            ["0143026860|Skin"],
        )
    ],
    "retailrocket": [
        (
            {"events.csv": _RETAILROCKET.encode(), "item_properties_part1.csv": _RETAILROCKET_ITEMS.encode()},
            ["257597|355908|1433221332117|view", "992329|248676|1433224214164|transaction"],
            ["248676|10", "355908|1338"],
        )
    ],
    "yoochoose": [
        (
            {"yoochoose-clicks.dat": _CLICKS.encode(), "yoochoose-buys.dat": _BUYS.encode()},
            [
                "1|214536502|1396867869277|click|1",
                "1|214536500|1396868049868|click|1",
                "1|214536500|1396868100000|buy|1",
                "2|214662742|1396878997614|click|2",
            ],
            ["214536500|", "214536502|", "214662742|7"],
        )
    ],
    "diginetica": [
        (
            {"train-item-views.csv": _DIGINETICA.encode(), "product-categories.csv": _DIGINETICA_ITEMS.encode()},
            ["7|31331|1462753031018|view|2", "session-1|81766|1462752526309|view|1"],
            ["31331|0", "81766|1096"],
        )
    ],
    "movielens": [
        (
            {"u.data": _ML_DATA.encode(), "u.item": _ML_ITEM.encode("latin-1")},
            ["186|302|891717742", "196|242|881250949"],
            ["242|Comedy", "302|Crime"],
        ),
        (
            {"ratings.dat": _ML_DAT.encode(), "movies.dat": _ML_MOVIES.encode("latin-1")},
            ["1|1193|978300760", "1|661|978302109"],
            ["1193|Drama", "661|Animation"],
        ),
        (
            {"ratings.csv": _ML_CSV.encode(), "movies.csv": _ML_MOVIES_CSV.encode()},
            ["1|306|1147868817", "1|296|1147880044"],
            ["296|Comedy", "306|"],
        ),
    ],
    "lastfm-1k": [
        (
            {"userid-timestamp-artid-artname-traid-traname.tsv": _LASTFM.encode()},
            ["user_000001|f1b1cf71-bd35-4e99-8624-000000000001|1241445250"],
            ["f1b1cf71-bd35-4e99-8624-000000000001|a7f7df4a-77d8-4f12-8acd-5c60c93f4de8"],
        )
    ],
    "completejourney": [
        (
            {
                "transactions.parquet": parquet(
                    household_id=[900, 1228],
                    store_id=[330, 406],
                    basket_id=[31198570044, 31198655051],
                    product_id=[1095275, 1041453],
                    quantity=[1, 1],
                    transaction_timestamp=pa.array([1483271606 * 10**9, 1483273590 * 10**9], pa.timestamp("ns")),
                ),
                "products.parquet": parquet(
                    product_id=[1095275, 1041453],
                    department=["DRUG GM", "GROCERY"],
                    product_category=["VITAMINS", None],
                ),
            },
            ["900|1095275|1483271606|purchase|31198570044"],
            ["1095275|VITAMINS"],
        )
    ],
}
