/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * zcache::table: structs in and out, in both languages, on one store; values that own their memory;
 * batches of keys of any bytes; what does not fit.
 */
#include "cpp-harness.hpp"

#include <map>

using namespace std::chrono_literals;
using namespace std::string_literals;

namespace shop
{
enum class color { red = 1, green = 7 };
ZCACHE_ENUM(color, ZC_VALUE(color::red, "red"), ZC_VALUE(color::green, "green"))

struct address {
    const char *street;
    char city[16];
};
ZCACHE_STRUCT(address, ZC_STRING(street), ZC_CHARS(city))

struct user {
    int64_t id = 0;
    const char *name = nullptr;
    color favorite = color::red;
    address home = {};
    const char **tags = nullptr;
    size_t tag_count = 0;
    double score = 0;
};
ZCACHE_STRUCT(user, ZC_I64(id), ZC_STRING(name), ZC_ENUM(favorite, color), ZC_NESTED(home, address),
              ZC_ARRAY(tags, tag_count, ZC_STRING), ZC_DOUBLE(score, ZC_DEFAULT(0.5)))
} // namespace shop

using shop::user;

/* The same keys as structs of an older and a stricter program see them. */
struct user_id {
    int8_t id;
};
ZCACHE_STRUCT(user_id, ZC_I8(id))
ZCACHE_TABLE(user_ids, user_id)

using users_table = zcache::table<user>;

static user named(int64_t id, const char *name)
{
    user made;
    made.id = id;
    made.name = name;
    return made;
}

static void test_a_struct_comes_back(const place &where)
{
    const auto cache = zcache::cache::open(where);
    const users_table users(cache, "users");
    const char *tags[] = {"a", "\xc3\xa9", ""};
    user ann = named(INT64_MIN, "Ann");
    ann.favorite = shop::color::green;
    ann.home.street = "High Street";
    std::strcpy(ann.home.city, "York");
    ann.tags = tags;
    ann.tag_count = 3;
    ann.score = 0.1;
    EXPECT(!users.get("7"));
    users.set("7", ann);
    const auto found = users.get("7");
    EXPECT(found);
    const user &read = *found;
    EXPECT(read.id == INT64_MIN && read.name == "Ann"s && read.score == 0.1);
    EXPECT(read.favorite == shop::color::green);
    EXPECT(read.home.street == "High Street"s && read.home.city == "York"s);
    EXPECT(read.tag_count == 3 && read.tags[1] == "\xc3\xa9"s && read.tags[2] == ""s);
    EXPECT(read.name != ann.name);
}

static void test_every_codec_holds_a_struct(const place &where)
{
    const auto cache = zcache::cache::open(where);
    for (const char *codec : {"json", "msgpack"}) {
        const users_table users(cache, "users", {codec, 1h});
        users.set("7", named(7, "Ann"));
        EXPECT((*users.get("7"))->name == "Ann"s);
        EXPECT(users.ttl("7")->left() > 59min && users.ttl("7")->left() <= 1h);
        users.clear();
    }
    EXPECT_ERROR(ZCACHE_E_CONFIG, "absent", users_table(cache, "users", {"absent", {}}));
    EXPECT_ERROR(ZCACHE_E_CONFIG, "", users_table(cache, "users", {"string", {}}));
    EXPECT_ERROR(ZCACHE_E_INVALID, "", users_table(cache, "no blanks"));
}

static void test_values_own_their_memory_and_move(const place &where)
{
    const auto cache = zcache::cache::open(where);
    const users_table users(cache, "users");
    users.set("7", named(7, "Ann"));
    users.set("8", named(8, "Bob"));
    zcache::value<user> one = std::move(*users.get("7")), other;
    EXPECT(other->name == nullptr && other->id == 0);
    other = std::move(one);
    EXPECT(other->name == "Ann"s);
    other = std::move(*users.get("8"));
    EXPECT(other->name == "Bob"s && other->id == 8);
    user changed = *other;
    changed.name = "Carl";
    users.set("8", changed);
    EXPECT((*users.get("8"))->name == "Carl"s);
    std::vector<zcache::value<user>> kept;
    for (int i = 0; i < 10; i++)
        kept.push_back(std::move(*users.get("7")));
    EXPECT(kept.front()->name == "Ann"s && kept.back()->name == "Ann"s);
}

static void test_ttl_and_token_come_with_a_value(const place &where)
{
    const auto cache = zcache::cache::open(where);
    const users_table users(cache, "users");
    zcache::read_options wanted;
    wanted.with_ttl = wanted.with_cas = true;
    users.set("7", named(7, "Ann"), 1h);
    const auto plain = users.get("7"), found = users.get("7", wanted);
    EXPECT(!plain->ttl().is_known() && plain->cas() == 0);
    EXPECT(found->ttl().left() > 59min && found->ttl().left() <= 1h);
    EXPECT(users.cas("7", named(7, "Bob"), found->cas()) == zcache::cas_result::stored);
    EXPECT(users.cas("7", named(7, "Carl"), found->cas()) == zcache::cas_result::conflict);
    EXPECT(users.del("7"));
    EXPECT(users.cas("7", named(7, "Carl"), found->cas()) == zcache::cas_result::missing);
}

static void test_conditional_writes(const place &where)
{
    const auto cache = zcache::cache::open(where);
    const users_table users(cache, "users");
    EXPECT(!users.replace("7", named(7, "Ann")));
    EXPECT(users.add("7", named(7, "Bob"), 1h));
    EXPECT(!users.add("7", named(7, "Carl")));
    EXPECT(users.replace("7", named(7, "Dora"), {2h, 5s}));
    EXPECT((*users.get("7"))->name == "Dora"s);
    EXPECT(users.exists("7") && users.touch("7", zcache::never()));
    EXPECT(users.ttl("7") == zcache::never());
}

static void test_batches(const place &where)
{
    const auto cache = zcache::cache::open(where);
    const users_table users(cache, "users");
    const std::string binary = "\0\xff\n"s;
    users.set_multi({{"7", named(7, "Ann")}, {binary, named(8, "Bob")}}, 1h);
    users.set_multi(std::map<std::string, user>{{"9", named(9, "Carl")}});
    zcache::read_options wanted;
    wanted.with_ttl = true;
    const auto found = users.get_multi({"7", "none", binary, "9", "7"}, wanted);
    EXPECT(found.size() == 5 && found[0] && !found[1] && found[2] && found[3] && found[4]);
    EXPECT((*found[0])->name == "Ann"s && (*found[2])->name == "Bob"s && (*found[4])->id == 7);
    EXPECT(found[2]->ttl().left() > 59min && found[3]->ttl() == zcache::never());
    EXPECT((*users.get(binary))->id == 8);
    EXPECT(users.keys().size() == 3 && users.keys("9") == std::vector{"9"s});
    EXPECT(users.del_multi(std::vector<std::string>{"7", binary, "none"}) == 2);
    EXPECT(users.get_multi({}).empty());
}

static void test_one_bad_key_of_a_batch_fails_alone(const place &where)
{
    const auto cache = zcache::cache::open(where);
    const users_table users(cache, "users");
    std::vector<zcache_status> statuses;
    users.set_multi({{"", named(0, "-")}, {"7", named(7, "Ann")}}, {}, &statuses);
    EXPECT(statuses == (std::vector{ZCACHE_E_KEY, ZCACHE_OK}));
    EXPECT_ERROR(ZCACHE_E_KEY, "", users.get_multi({"7", ""}));
    const auto found = users.get_multi({"7", "", "none"}, {}, &statuses);
    EXPECT(statuses == (std::vector{ZCACHE_OK, ZCACHE_E_KEY, ZCACHE_MISS}));
    EXPECT(found[0] && !found[1] && !found[2]);
    /* A value that cannot be stored, too. */
    users.set_multi({{"8", named(8, "\xff")}, {"9", named(9, "Carl")}}, {}, &statuses);
    EXPECT(statuses == (std::vector{ZCACHE_E_INVALID, ZCACHE_OK}));
    EXPECT(!users.exists("8") && users.exists("9"));
}

static void test_what_cannot_be_stored_is_named(const place &where)
{
    const auto cache = zcache::cache::open(where);
    const users_table users(cache, "users");
    user strange = named(7, "Ann");
    strange.favorite = static_cast<shop::color>(3);
    EXPECT_ERROR(ZCACHE_E_INVALID, "favorite", users.set("7", strange));
    EXPECT_ERROR(ZCACHE_E_INVALID, "name", users.set("7", named(7, "\xff")));
    EXPECT_ERROR(ZCACHE_E_KEY, "", users.get(""));
    EXPECT(!users.exists("7"));
}

static void test_what_does_not_fit_is_a_miss(const place &where)
{
    const auto cache = zcache::cache::open(where);
    const users_table users(cache, "users");
    const zcache::table<user_id> ids(cache, "users");
    users.set("7", named(7, "Ann"));
    users.set("300", named(300, "Bob"));
    EXPECT((*ids.get("7"))->id == 7);
    EXPECT(!ids.get("300"));
    cache.table("users").set("8", "{\"id\":8}");
    EXPECT((*users.get("8"))->score == 0.5);
    cache.table("users").set("9", "{\"id\":");
    EXPECT(!users.get("9"));
    place strict = where;
    strict.settings.push_back("cache.undecodable=error");
    const auto other = zcache::cache::open(strict);
    other.table("users").set("9", "{\"id\":");
    EXPECT_ERROR(ZCACHE_E_TYPE, "", users_table(other, "users").get("9"));
}

static void test_c_and_cpp_share_a_table(const place &where)
{
    const auto cache = zcache::cache::open(where);
    const zcache::table<user_id> ids(cache, "ids");
    user_ids_t in_c;
    user_id read, seven = {7}, eight = {8};
    EXPECT(user_ids_open(cache.handle(), "ids", &in_c, nullptr) == ZCACHE_OK);
    ids.set("7", seven);
    EXPECT(user_ids_get(&in_c, "7", &read, nullptr) == ZCACHE_OK && read.id == 7);
    user_id_free(&read);
    EXPECT(user_ids_set(&in_c, "8", &eight, nullptr) == ZCACHE_OK);
    EXPECT((*ids.get("8"))->id == 8);
}

static void test_tables_of_bytes_and_of_texts(const place &where)
{
    const auto cache = zcache::cache::open(where);
    const zcache::table<zcache_bytes> pages(cache, "pages");
    const zcache::table<zcache_string> names(cache, "names");
    char bytes[] = "\0<p>\xff", text[] = "Ann";
    pages.set("a", {bytes, 5});
    names.set("a", {text});
    EXPECT(cache.table("pages").get("a") == "\0<p>\xff"s);
    EXPECT(cache.table("names").get("a") == "Ann");
    const auto page = pages.get("a");
    EXPECT((*page)->size == 5 && std::memcmp((*page)->data, bytes, 5) == 0);
    EXPECT((*names.get("a"))->text == "Ann"s);
}

static void test_a_table_that_is_not_open(const place &where)
{
    users_table users;
    EXPECT(!users.is_open());
    EXPECT_ERROR(ZCACHE_E_CLOSED, "not open", users.get("7"));
    EXPECT_ERROR(ZCACHE_E_CLOSED, "not open", users.set("7", user()));
    EXPECT_ERROR(ZCACHE_E_CLOSED, "not open", users.get_multi({"7"}));
    const auto cache = zcache::cache::open(where);
    users = users_table(cache, "users");
    const users_table copy = users;
    copy.set("7", named(7, "Ann"));
    EXPECT(users.exists("7"));
}

static void test_scans_and_exceptions(const place &where)
{
    const auto cache = zcache::cache::open(where);
    const users_table users(cache, "users");
    users.set("7", named(7, "Ann"));
    int64_t sum = 0;
    users.scan("*", [&](std::string_view key) { sum = (*users.get(key))->id; });
    EXPECT(sum == 7);
    try {
        users.scan("*", [&](std::string_view key) {
            const auto held = users.get(key);
            throw std::out_of_range((*held)->name);
        });
        fail(__FILE__, __LINE__, "nothing came out of the scan");
    } catch (const std::out_of_range &caught) {
        EXPECT(caught.what() == "Ann"s);
    }
}

int main()
{
    return run({
        TEST(test_a_struct_comes_back),
        TEST(test_every_codec_holds_a_struct),
        TEST(test_values_own_their_memory_and_move),
        TEST(test_ttl_and_token_come_with_a_value),
        TEST(test_conditional_writes),
        TEST(test_batches),
        TEST(test_one_bad_key_of_a_batch_fails_alone),
        TEST(test_what_cannot_be_stored_is_named),
        TEST(test_what_does_not_fit_is_a_miss),
        TEST(test_c_and_cpp_share_a_table),
        TEST(test_tables_of_bytes_and_of_texts),
        TEST(test_a_table_that_is_not_open),
        TEST(test_scans_and_exceptions),
    });
}
