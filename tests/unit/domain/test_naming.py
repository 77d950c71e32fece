from argo.domain.naming import logical_name, namesakes


def test_an_accounts_name_is_written_without_its_underscores():
    assert logical_name("prop_firm") == "PropFirm"


def test_the_first_accounts_of_one_name_are_told():
    assert namesakes(["swing", "acct_2", "acct2", "s_wing"]) == ["acct_2", "acct2"]
    assert namesakes(["swing", "acct_2", "prop_firm"]) is None
