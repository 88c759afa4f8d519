"""Item and user files: features, and the category of an item."""


def test_features_of_users_and_items(prepared, tmp_path):
    rows = "a,1,1577836800,red,3.5\na,2,1577836801,blue,\na,1,1577836802,,4\n"
    _, items, meta = prepared(
        "csv",
        {"log.csv": "user,item,time,colour,price\n" + rows},
        user_features=("colour",),
        item_features=("price:float",),
    )
    assert items == ["1|4", "2|"]
    assert (tmp_path / "data/log/log.user").read_text() == "user_id:token\tcolour:token\na\tblue\n"
    assert (tmp_path / "data/log/log.item").read_text().startswith("item_id:token\tprice:float\n")
    assert "price: 1 items had several values; the latest is kept" in meta["account"]["notes"]


def test_the_latest_value_of_a_feature_is_kept_whatever_the_order_of_the_rows(prepared, tmp_path):
    rows = "a,1,1577836802,blue,4\na,1,1577836800,red,3.5\n"  # the newest first
    _, items, _ = prepared(
        "csv",
        {"log.csv": "user,item,time,colour,price\n" + rows},
        user_features=("colour",),
        item_features=("price:float",),
    )
    assert items == ["1|4"]
    assert (tmp_path / "data/log/log.user").read_text() == "user_id:token\tcolour:token\na\tblue\n"


def test_an_items_category_is_the_most_frequent_then_the_latest(prepared):
    rows = "a,1,1577836800,y\na,1,1577836801,y\na,1,1577836802,x\na,2,1577836804,z\na,2,1577836803,x\n"
    _, items, meta = prepared("csv", {"log.csv": "user,item,time,category\n" + rows})
    assert items == ["1|y", "2|z"]
    assert "2 of 2 items had several categories" in meta["account"]["notes"][0]
