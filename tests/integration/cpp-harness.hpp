/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Tests of the C++ API, as TAP: each is a function that throws if something is not as it must be,
 * and is run on memory and on a redis-server of its own. (cmocka leaves a test with longjmp, which
 * ends no C++ object.)
 */
#ifndef TESTS_INTEGRATION_CPP_HARNESS_HPP
#define TESTS_INTEGRATION_CPP_HARNESS_HPP

#include <zcache/zcache.hpp>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>

extern "C" {
#include "servers.h"
}

/* How to open a fresh cache on the provider under test. */
using place = zcache::options;

struct test {
    const char *name;
    void (*function)(const place &where);
};
#define TEST(function)      \
    test                    \
    {                       \
#function, function \
    }

[[noreturn]] inline void fail(const char *file, int line, const std::string &what)
{
    std::ostringstream message;
    message << file << ':' << line << ": " << what;
    throw std::logic_error(message.str());
}

#define EXPECT(condition) \
    ((condition) ? static_cast<void>(0) : fail(__FILE__, __LINE__, "not so: " #condition))

/* The expression throws a zcache::error with this status, and `part` in its message. */
#define EXPECT_ERROR(expected, part, expression)                                             \
    do {                                                                                     \
        try {                                                                                \
            static_cast<void>(expression);                                                   \
        } catch (const zcache::error &caught) {                                              \
            if (caught.status() == (expected) &&                                             \
                std::string_view(caught.what()).find(part) != std::string_view::npos)        \
                break;                                                                       \
            fail(__FILE__, __LINE__,                                                         \
                 std::string(#expression " throws ") + zcache_status_name(caught.status()) + \
                     ": " + caught.what());                                                  \
        }                                                                                    \
        fail(__FILE__, __LINE__, #expression " throws nothing");                             \
    } while (0)

inline place on(const std::string &provider, const std::string &setting = "")
{
    place where;
    const char *plugins = std::getenv("ZCACHE_TEST_PLUGINS");
    where.provider = provider;
    where.settings.push_back(std::string("cache.plugin_path=") + (plugins ? plugins : ""));
    where.settings.push_back("cache.key_prefix=cpp:");
    if (!setting.empty())
        where.settings.push_back(setting);
    return where;
}

/* Runs the tests on memory, and on redis if that is built; returns main's status. */
inline int run(std::initializer_list<test> tests)
{
    std::vector<place> places{on("memory")};
#ifdef WITH_REDIS
    server *redis = server_start(SERVER_REDIS, SERVER_UNIX, nullptr);
    places.push_back(on("redis", server_setting(redis)));
#endif
    size_t number = 0, failed = 0;
    std::cout << "1.." << tests.size() * places.size() << std::endl;
    for (const place &where : places) {
        for (const test &one : tests) {
            std::string problem;
            try {
                zcache::cache::open(where).clear();
                one.function(where);
            } catch (const std::exception &caught) {
                problem = caught.what();
            }
            failed += !problem.empty();
            std::cout << (problem.empty() ? "ok " : "not ok ") << ++number << " - " << one.name
                      << ", " << where.provider << std::endl;
            if (!problem.empty())
                std::cout << "# " << problem << std::endl;
        }
    }
#ifdef WITH_REDIS
    server_free(redis);
#endif
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
