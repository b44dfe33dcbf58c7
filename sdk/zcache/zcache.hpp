/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The API for C++17, on top of <zcache/zcache.h> and <zcache/table.h>: handles that close
 * themselves, values that release themselves, std::optional for what may be missing, exceptions for
 * errors.
 *
 *     struct user { int64_t id; const char *name; };
 *     ZCACHE_STRUCT(user, ZC_I64(id), ZC_STRING(name))
 *
 *     using namespace std::chrono_literals;
 *     auto cache = zcache::cache::open_env();
 *     zcache::table<user> users(cache, "users");
 *     users.set("7", user{7, "Ann"}, 1h);
 *     if (auto found = users.get("7"))
 *         std::cout << (*found)->name << '\n';
 *
 * Structs are plain, as in C, and are described by the same macros as in C: <zcache/table.h>.
 *
 * Errors are thrown as zcache::error; a miss never is. Every member may throw it (ZCACHE_E_KEY,
 * ZCACHE_E_UNAVAILABLE, ZCACHE_E_TIMEOUT, … as its twin in C fails), or std::bad_alloc, unless it
 * is noexcept. An exception that leaves a callable of yours comes out of the member that it was
 * given to, after the C library has ended the operation.
 *
 * Keys are std::string_view: any bytes, borrowed for the call. A TTL is a std::chrono duration,
 * rounded up to milliseconds, or zcache::never(); a timeout is in std::chrono::milliseconds, 0
 * being the configured one. Objects serve any number of threads in their const members; those that
 * are not const (close, swap, …) say what they need.
 *
 * `zcache` is a struct and no namespace because `zcache *` is what C calls a cache: both APIs go
 * together in one program. `using users_table = zcache::table<user>;` shortens a name.
 *
 * Everything here is since 1.0.
 */
#ifndef ZCACHE_ZCACHE_HPP
#define ZCACHE_ZCACHE_HPP

#include <chrono>
#include <cstdint>
#include <cstring>
#include <exception>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <zcache/table.h>
#include <zcache/zcache.h>

struct zcache {
    class error;
    class time_to_live;
    struct options;
    struct table_options;
    struct read_options;
    struct write_options;
    struct swap_options;
    class key_batch;
    struct entry;
    class keyspace; /* what a cache and a table have in common: keys */
    class cache;
    template <class T> class value;
    template <class T> class table;

    /* What became of a write with a cas token. */
    enum class cas_result {
        stored,
        conflict, /* the value has changed since it was read: read again and decide anew */
        missing   /* the key is gone */
    };

    /* The TTL of what never expires. */
    static constexpr time_to_live never() noexcept;

    zcache() = delete;
    ~zcache() = delete;
};

/* ---- errors ---------------------------------------------------------------------------------- */

/* A call that failed. what() is the message of zcache_error_message(): the cause, without
 * passwords. */
class zcache::error : public std::runtime_error
{
  public:
    error(zcache_status status, const char *message) : std::runtime_error(message), status_(status)
    {
    }

    /* Less than 0. */
    zcache_status status() const noexcept
    {
        return status_;
    }

  private:
    zcache_status status_;
};

/* ---- time to live ---------------------------------------------------------------------------- */

/* How long an entry lives: written, or what is left of it when it is read. */
class zcache::time_to_live
{
  public:
    /* Written: the table's TTL, else the cache's. */
    constexpr time_to_live() noexcept = default;

    /* Rounded up to milliseconds. Throws ZCACHE_E_INVALID: it is not more than 0. (More than ten
     * years is refused by the write.) */
    template <class Rep, class Period>
    constexpr time_to_live(std::chrono::duration<Rep, Period> length) : milliseconds_(whole(length))
    {
    }

    /* From a number of the C API: milliseconds, ZCACHE_TTL_NEVER, …; and to one. */
    static constexpr time_to_live from_c(int64_t ttl_ms) noexcept
    {
        time_to_live made;
        made.milliseconds_ = ttl_ms;
        return made;
    }
    constexpr int64_t to_c() const noexcept
    {
        return milliseconds_;
    }

    constexpr bool is_never() const noexcept
    {
        return milliseconds_ == ZCACHE_TTL_NEVER;
    }

    /* Read: whether it was asked for, and the provider could tell. */
    constexpr bool is_known() const noexcept
    {
        return milliseconds_ > 0 || is_never();
    }

    /* What is left: 1 ms or more; the longest duration if it never expires; 0 if it is not known. */
    constexpr std::chrono::milliseconds left() const noexcept
    {
        if (is_never())
            return (std::chrono::milliseconds::max)();
        return std::chrono::milliseconds(milliseconds_ > 0 ? milliseconds_ : 0);
    }

    friend constexpr bool operator==(time_to_live a, time_to_live b) noexcept
    {
        return a.milliseconds_ == b.milliseconds_;
    }
    friend constexpr bool operator!=(time_to_live a, time_to_live b) noexcept
    {
        return !(a == b);
    }

  private:
    template <class Rep, class Period>
    static constexpr int64_t whole(std::chrono::duration<Rep, Period> length)
    {
        using std::chrono::milliseconds;
        if (!(length > length.zero()))
            throw error(ZCACHE_E_INVALID, "a TTL must be more than 0, or zcache::never()");
        /* In floating point, where hours::max() does not overflow. */
        if (std::chrono::duration<double, std::milli>(length).count() > ZCACHE_TTL_MAX)
            return ZCACHE_TTL_MAX + 1;
        milliseconds rounded = std::chrono::duration_cast<milliseconds>(length);
        return rounded.count() + (rounded < length ? 1 : 0);
    }

    int64_t milliseconds_ = ZCACHE_TTL_DEFAULT;
};

constexpr zcache::time_to_live zcache::never() noexcept
{
    return time_to_live::from_c(ZCACHE_TTL_NEVER);
}

/* ---- options --------------------------------------------------------------------------------- */

/* How a cache is opened: as zcache_options. */
struct zcache::options {
    std::string provider;              /* "": as configured, else memory */
    std::vector<std::string> settings; /* "section.key=value" */
    /* Receives log lines, from any thread, several at once; it may not use zcache, and what it
     * throws is dropped. Empty: lines go to standard error. */
    std::function<void(zcache_log_level level, std::string_view message)> log;
};

/* How a table is opened: as zcache_table_options. */
struct zcache::table_options {
    std::string serialization; /* the codec; "": as configured, else by the type */
    time_to_live ttl;          /* of writes that do not say */
};

struct zcache::read_options {
    std::chrono::milliseconds timeout{0};
    bool with_ttl = false; /* fill in ttl() of the values */
    bool with_cas = false; /* fill in cas() of the values */
};

/* A TTL alone will do: `users.set("7", ann, 1h)`. */
struct zcache::write_options {
    time_to_live ttl;
    std::chrono::milliseconds timeout;

    write_options(time_to_live lives = {}, std::chrono::milliseconds takes_at_most = {}) noexcept
        : ttl(lives), timeout(takes_at_most)
    {
    }
    template <class Rep, class Period>
    write_options(std::chrono::duration<Rep, Period> lives) : ttl(lives), timeout(0)
    {
    }
};

/* How a provider is swapped: as zcache_swap_options. */
struct zcache::swap_options {
    std::string provider;              /* "": the one that `file` names, else the active one */
    std::string file;                  /* an INI file; "": none */
    std::vector<std::string> settings; /* "section.key=value", for the new provider */
    zcache_swap_mode mode = ZCACHE_SWAP_COLD;
    std::chrono::milliseconds timeout{0};       /* for opening the new one; 0: 10 s */
    std::chrono::milliseconds copy_timeout{0};  /* 0: 24 hours */
    std::chrono::milliseconds drain_timeout{0}; /* 0: as timeout */
    int64_t rate = 0;                           /* entries copied a second; 0: no limit */
    bool verify = false;                        /* compare all entries after the copy */
    /* Called by the thread that swaps, about every 50 ms of a copy; an exception aborts it. */
    std::function<zcache_swap_decision(const zcache_swap_progress &progress)> progress;
};

/* ---- what is given and received -------------------------------------------------------------- */

/* The keys of a batch, borrowed: made in place from {"a", "b"}, or from any range of strings or
 * string views that outlives the call. */
class zcache::key_batch
{
  public:
    key_batch(std::initializer_list<std::string_view> keys)
    {
        collect(keys);
    }

    /* A range whose elements are made on the way could not be borrowed from: it does not compile. */
    template <class Range, class Element = decltype(*std::begin(std::declval<const Range &>())),
              class = std::enable_if_t<std::is_convertible_v<Element, std::string_view> &&
                                       (std::is_reference_v<Element> ||
                                        std::is_same_v<Element, std::string_view>)>>
    key_batch(const Range &keys)
    {
        collect(keys);
    }

    size_t size() const noexcept
    {
        return slices_.size();
    }

    const zcache_slice *data() const noexcept
    {
        return slices_.data();
    }

  private:
    template <class Range> void collect(const Range &keys)
    {
        for (const std::string_view key : keys)
            slices_.push_back(zcache_slice{key.data(), key.size()});
    }

    std::vector<zcache_slice> slices_;
};

/* An entry of an untyped cache, with what is known beside its bytes. */
struct zcache::entry {
    std::string data;
    time_to_live ttl; /* if .with_ttl asked for it */
    uint64_t cas = 0; /* if .with_cas asked for it */
};

#include <zcache/detail.hpp>

#include <zcache/keyspace.hpp>

#include <zcache/cache.hpp>
#include <zcache/table.hpp>

#endif /* ZCACHE_ZCACHE_HPP */
