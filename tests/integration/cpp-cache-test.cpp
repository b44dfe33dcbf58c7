/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * zcache::cache: bytes in and out, what is missing and what is an error, TTLs, batches, scans,
 * swaps; handles that end by themselves, and exceptions that go around C.
 */
#include "cpp-harness.hpp"

#include <algorithm>
#include <array>
#include <map>

using namespace std::chrono_literals;
using namespace std::string_literals;

static void test_a_value_comes_back_and_a_miss_is_nothing(const place &where)
{
    const auto cache = zcache::cache::open(where);
    EXPECT(!cache.get("a"));
    cache.set("a", "one");
    EXPECT(cache.get("a") == "one");
    cache.set("a", "");
    EXPECT(cache.get("a") == "");
    EXPECT(cache.exists("a"));
    EXPECT(cache.del("a"));
    EXPECT(!cache.del("a"));
    EXPECT(!cache.exists("a"));
    EXPECT(!cache.get("a", 5s));
}

static void test_keys_and_values_are_any_bytes(const place &where)
{
    const auto cache = zcache::cache::open(where);
    const std::string key = "a\0b\xff"s, data = "\0\r\n\xfe"s;
    cache.set(key, data);
    EXPECT(cache.get(key) == data);
    EXPECT(!cache.get("a"));
    EXPECT(cache.keys() == std::vector{key});
    EXPECT(cache.get_multi({key, "a"}).at(0) == data);
    EXPECT(cache.del_multi({key, "a"}) == 1);
}

static void test_ttls_are_durations(const place &where)
{
    const auto cache = zcache::cache::open(where);
    cache.set("hour", "x", 1h);
    cache.set("ever", "x", zcache::never());
    cache.set("both", "x", {90min, 5s});
    EXPECT(cache.ttl("hour")->left() > 59min && cache.ttl("hour")->left() <= 1h);
    EXPECT(cache.ttl("both")->left() > 89min && cache.ttl("both")->left() <= 90min);
    EXPECT(cache.ttl("ever") == zcache::never());
    EXPECT(cache.ttl("ever")->left() == std::chrono::milliseconds::max());
    EXPECT(!cache.ttl("none"));
    EXPECT(cache.touch("hour", 2h));
    EXPECT(cache.ttl("hour")->left() > 119min);
    EXPECT(!cache.touch("none", 2h));
    EXPECT(cache.get("hour") == "x");
}

static void test_durations_are_rounded_up_and_checked(const place &where)
{
    using zcache_ttl = zcache::time_to_live;
    const auto cache = zcache::cache::open(where);
    static_assert(zcache_ttl(1ns).to_c() == 1);
    static_assert(zcache_ttl(1500us).to_c() == 2);
    static_assert(zcache_ttl(2ms).to_c() == 2);
    static_assert(zcache_ttl(std::chrono::duration<double>(0.0015)).to_c() == 2);
    EXPECT_ERROR(ZCACHE_E_INVALID, "more than 0", cache.set("a", "x", 0s));
    EXPECT_ERROR(ZCACHE_E_INVALID, "more than 0", cache.set("a", "x", -1ms));
    EXPECT_ERROR(ZCACHE_E_INVALID, "", cache.set("a", "x", std::chrono::hours::max()));
    EXPECT(!cache.exists("a"));
}

static void test_conditional_writes(const place &where)
{
    const auto cache = zcache::cache::open(where);
    EXPECT(!cache.replace("a", "0"));
    EXPECT(cache.add("a", "1"));
    EXPECT(!cache.add("a", "2"));
    EXPECT(cache.replace("a", "3"));
    zcache::read_options wanted;
    wanted.with_cas = wanted.with_ttl = true;
    const auto read = cache.get_entry("a", wanted);
    EXPECT(read && read->data == "3" && read->ttl == zcache::never());
    EXPECT(cache.cas("a", "4", read->cas) == zcache::cas_result::stored);
    EXPECT(cache.cas("a", "5", read->cas) == zcache::cas_result::conflict);
    EXPECT(cache.get("a") == "4");
    cache.del("a");
    EXPECT(cache.cas("a", "6", read->cas) == zcache::cas_result::missing);
    EXPECT(!cache.get_entry("a", wanted));
}

static void test_counters(const place &where)
{
    const auto cache = zcache::cache::open(where);
    EXPECT(cache.incr("n") == 1);
    EXPECT(cache.incr("n", 41) == 42);
    EXPECT(cache.incr("n", -50, 1h) == -8);
    cache.set("text", "x");
    EXPECT_ERROR(ZCACHE_E_TYPE, "", cache.incr("text"));
}

static void test_batches_take_what_holds_strings(const place &where)
{
    const auto cache = zcache::cache::open(where);
    cache.set_multi({{"a", "1"}, {"b", "2"}}, 1h);
    cache.set_multi(std::map<std::string, std::string>{{"c", "3"}});
    const std::vector<std::string> strings = {"a", "none", "c"};
    const std::array<std::string_view, 2> views = {"b", "a"};
    const char *const texts[] = {"c"};
    const auto found = cache.get_multi(strings);
    EXPECT(found.size() == 3 && found[0] == "1" && !found[1] && found[2] == "3");
    EXPECT(cache.get_multi(views).at(0) == "2");
    EXPECT(cache.get_multi(texts).at(0) == "3");
    EXPECT(cache.get_multi({}).empty());
    EXPECT(cache.ttl("a")->left() <= 1h);
    EXPECT(cache.del_multi(strings) == 2);
}

static void test_one_bad_key_fails_alone(const place &where)
{
    const auto cache = zcache::cache::open(where);
    std::vector<zcache_status> statuses;
    EXPECT_ERROR(ZCACHE_E_KEY, "", cache.set_multi({{"", "0"}, {"a", "1"}}));
    EXPECT(cache.get("a") == "1");
    cache.set_multi({{"b", "2"}, {"", "0"}}, {}, &statuses);
    EXPECT(statuses == (std::vector{ZCACHE_OK, ZCACHE_E_KEY}));
    EXPECT_ERROR(ZCACHE_E_KEY, "", cache.get_multi({"", "a"}));
    const auto found = cache.get_multi({"", "a", "none"}, &statuses);
    EXPECT(statuses == (std::vector{ZCACHE_E_KEY, ZCACHE_OK, ZCACHE_MISS}));
    EXPECT(!found[0] && found[1] == "1" && !found[2]);
    EXPECT_ERROR(ZCACHE_E_KEY, "", cache.del_multi({"", "none"}));
    EXPECT(cache.del_multi({"", "none", "a"}, &statuses) == 1);
    EXPECT(statuses == (std::vector{ZCACHE_E_KEY, ZCACHE_MISS, ZCACHE_OK}));
}

static void test_scans_take_callables(const place &where)
{
    const auto cache = zcache::cache::open(where);
    cache.set_multi({{"a1", ""}, {"a2", ""}, {"b1", ""}}, 1h);
    EXPECT(cache.keys("a*") == (std::vector{"a1"s, "a2"s}));
    EXPECT(cache.keys("none*").empty());

    std::vector<std::string> seen;
    cache.scan("a*", [&](std::string_view key) { seen.emplace_back(key); });
    std::sort(seen.begin(), seen.end());
    seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
    EXPECT(seen == cache.keys("a*"));

    int calls = 0;
    cache.scan("*", [&](std::string_view) { return ++calls < 2; });
    EXPECT(calls == 2);

    std::chrono::milliseconds left = 0ms;
    cache.scan("b1", [&](std::string_view, zcache::time_to_live ttl) { left = ttl.left(); });
    EXPECT(left > 59min && left <= 1h);

    cache.scan("*", [&](std::string_view key) { cache.del(key); });
    EXPECT(cache.keys().empty());
}

static void test_an_exception_goes_around_the_library(const place &where)
{
    const auto cache = zcache::cache::open(where);
    cache.set_multi({{"a", "1"}, {"b", "2"}});
    int calls = 0;
    try {
        cache.scan("*", [&](std::string_view) {
            calls++;
            throw std::out_of_range("from the callable");
        });
        fail(__FILE__, __LINE__, "nothing came out of the scan");
    } catch (const std::out_of_range &caught) {
        EXPECT(caught.what() == "from the callable"s);
    }
    EXPECT(calls == 1);
    EXPECT(cache.get("a") == "1");
    calls = 0;
    try {
        cache.stats([&](const zcache_stat &) {
            calls++;
            throw calls;
        });
        fail(__FILE__, __LINE__, "nothing came out of the statistics");
    } catch (int) {
        EXPECT(calls == 1);
    }
}

static void test_tables_keep_keys_apart(const place &where)
{
    const auto cache = zcache::cache::open(where);
    const auto names = cache.table("names"), pages = cache.table("pages");
    names.set("a", "Ann");
    pages.set("a", "<p>");
    EXPECT(names.get("a") == "Ann");
    EXPECT(cache.get("names:a") == "Ann");
    names.clear();
    EXPECT(names.keys().empty() && pages.keys().size() == 1);
    EXPECT_ERROR(ZCACHE_E_INVALID, "", cache.table("no blanks"));
    EXPECT_ERROR(ZCACHE_E_INVALID, "NUL", cache.table("names\0x"s));
}

static void test_errors_have_status_and_message(const place &where)
{
    const auto cache = zcache::cache::open(where);
    EXPECT_ERROR(ZCACHE_E_KEY, "", cache.get(""));
    EXPECT_ERROR(ZCACHE_E_KEY, "", cache.set(std::string(300, 'k'), "x"));
    EXPECT_ERROR(ZCACHE_E_INVALID, "", cache.get("a", -5ms));
    EXPECT_ERROR(ZCACHE_E_TOO_LARGE, "", cache.set("a", std::string(1000001, 'x')));
    place absent = where;
    absent.provider = "absent";
    EXPECT_ERROR(ZCACHE_E_PLUGIN, "absent", zcache::cache::open(absent));
    EXPECT_ERROR(ZCACHE_E_CONFIG, "/none.ini", zcache::cache::open_file("/none.ini"));
}

static void test_a_handle_moves_and_ends(const place &where)
{
    zcache::cache none;
    EXPECT(!none.is_open());
    EXPECT_ERROR(ZCACHE_E_CLOSED, "not open", none.get("a"));
    auto cache = zcache::cache::open(where);
    auto moved = std::move(cache);
    EXPECT(!cache.is_open());
    EXPECT_ERROR(ZCACHE_E_CLOSED, "not open", cache.set("a", "1"));
    moved.set("a", "1");
    none = std::move(moved);
    EXPECT(none.get("a") == "1");
    none = zcache::cache::open(where); /* closes the one that it held */
    none.ping();
    none.close();
    EXPECT(!none.is_open());
    none.close();
}

static void test_a_cache_in_use_is_not_closed(const place &where)
{
    auto cache = zcache::cache::open(where);
    cache.set("a", "1");
    cache.scan("*", [&](std::string_view) { EXPECT_ERROR(ZCACHE_E_BUSY, "", cache.close()); });
    EXPECT(cache.get("a") == "1");
    cache.close();
}

static void test_a_swap_reports_and_can_be_watched(const place &where)
{
    auto cache = zcache::cache::open(where);
    for (int i = 0; i < 100; i++)
        cache.set(std::to_string(i), "x");
    zcache::swap_options copy;
    copy.provider = "memory";
    copy.mode = ZCACHE_SWAP_COPY;
    copy.verify = true;
    copy.progress = [](const zcache_swap_progress &) -> zcache_swap_decision {
        throw std::out_of_range("from the callable");
    };
    try {
        cache.swap(copy);
        fail(__FILE__, __LINE__, "nothing came out of the swap");
    } catch (const std::out_of_range &) {
        EXPECT(cache.provider() == where.provider);
        EXPECT(cache.get("7") == "x");
    }
    uint64_t copied = 0;
    copy.progress = [&](const zcache_swap_progress &progress) {
        copied = progress.copied;
        return ZCACHE_SWAP_CONTINUE;
    };
    const zcache_swap_report report = cache.swap(copy);
    EXPECT(report.copied == 100 && copied == 100 && report.to == "memory"s);
    EXPECT(cache.provider() == "memory");
    EXPECT(cache.get("7") == "x");
    EXPECT(cache.swap("memory").from == "memory"s);
    EXPECT(!cache.get("7"));
    EXPECT_ERROR(ZCACHE_E_PLUGIN, "absent", cache.swap("absent"));
    cache.swap_abort();
}

static void test_a_reload_tells_what_it_did(const place &where)
{
    auto cache = zcache::cache::open(where);
    EXPECT(cache.reload().change == ZCACHE_RELOAD_NOTHING);
}

static void test_statistics_are_told(const place &where)
{
    const auto cache = zcache::cache::open(where);
    cache.set("a", "1");
    std::ignore = cache.get("a");
    int64_t hits = -1;
    cache.stats([&](const zcache_stat &stat) {
        if (stat.name == "cache_hits"s)
            hits = stat.number;
    });
    EXPECT(hits == 1);
}

static void test_log_lines_go_to_a_callable(const place &where)
{
    place logged = where;
    int lines = 0;
    logged.settings.push_back("cache.log_level=info");
    logged.log = [&](zcache_log_level, std::string_view line) {
        lines += !line.empty();
        throw lines; /* nobody is there to catch it */
    };
    auto cache = zcache::cache::open(logged);
    logged.log = nullptr; /* the cache has a copy */
    auto moved = std::move(cache);
    moved.swap("memory");
    EXPECT(lines > 0);
}

static void test_the_default_cache_is_borrowed(const place &where)
{
    std::vector<const char *> settings;
    for (const std::string &one : where.settings)
        settings.push_back(one.c_str());
    settings.push_back(nullptr);
    zcache_options options{};
    options.size = sizeof(options);
    options.provider = where.provider.c_str();
    options.settings = settings.data();
    EXPECT(zcache_configure(&options) == ZCACHE_OK);
    {
        const auto cache = zcache::cache::default_cache();
        cache.set("a", "1");
    }
    EXPECT(zcache_exists(nullptr, "a", nullptr) == ZCACHE_OK);
    zcache::cache::default_cache().close();
    EXPECT(zcache_exists(nullptr, "a", nullptr) == ZCACHE_OK);
    EXPECT(zcache_close(nullptr) == ZCACHE_OK);
}

int main()
{
    return run({
        TEST(test_a_value_comes_back_and_a_miss_is_nothing),
        TEST(test_keys_and_values_are_any_bytes),
        TEST(test_ttls_are_durations),
        TEST(test_durations_are_rounded_up_and_checked),
        TEST(test_conditional_writes),
        TEST(test_counters),
        TEST(test_batches_take_what_holds_strings),
        TEST(test_one_bad_key_fails_alone),
        TEST(test_scans_take_callables),
        TEST(test_an_exception_goes_around_the_library),
        TEST(test_tables_keep_keys_apart),
        TEST(test_errors_have_status_and_message),
        TEST(test_a_handle_moves_and_ends),
        TEST(test_a_cache_in_use_is_not_closed),
        TEST(test_a_swap_reports_and_can_be_watched),
        TEST(test_a_reload_tells_what_it_did),
        TEST(test_statistics_are_told),
        TEST(test_log_lines_go_to_a_callable),
        TEST(test_the_default_cache_is_borrowed),
    });
}
