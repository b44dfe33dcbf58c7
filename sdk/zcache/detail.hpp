/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Internal part of <zcache/zcache.hpp>, which includes it: from C++ to C and back. Statuses become
 * exceptions, options become C's, and callables are called by C without an exception in between.
 */
#ifndef ZCACHE_DETAIL_HPP
#define ZCACHE_DETAIL_HPP

#ifndef ZCACHE_ZCACHE_HPP
#error "include <zcache/zcache.hpp>"
#endif

namespace zcache_detail
{

/* Throws an error, and returns all else. */
inline zcache_status check(zcache_status status)
{
    if (status < 0)
        throw zcache::error(status, zcache_error_message());
    return status;
}

/* The outcome of a batch: throws it, unless `wanted` receives each key's own. */
inline void check_batch(zcache_status outcome, const std::vector<zcache_status> &each,
                        const std::vector<zcache_status> *wanted)
{
    if (wanted != nullptr)
        for (zcache_status one : each)
            if (one < 0)
                return;
    check(outcome);
}

/* A text for C, which ends at a NUL. */
inline const char *text(const std::string &given)
{
    if (given.find('\0') != std::string::npos)
        throw zcache::error(ZCACHE_E_INVALID, "a NUL in the middle of a text");
    return given.c_str();
}

/* As above; NULL for "". */
inline const char *text_if_any(const std::string &given)
{
    return given.empty() ? nullptr : text(given);
}

/* Texts for C, with a NULL at the end. */
inline std::vector<const char *> texts(const std::vector<std::string> &given)
{
    std::vector<const char *> made;
    for (const std::string &one : given)
        made.push_back(text(one));
    made.push_back(nullptr);
    return made;
}

inline std::string_view view(zcache_slice slice) noexcept
{
    return std::string_view(static_cast<const char *>(slice.data), slice.size);
}

inline zcache_read_options to_c(const zcache::read_options &given) noexcept
{
    zcache_read_options made{};
    made.size = sizeof(made);
    made.timeout_ms = given.timeout.count();
    made.with_ttl = given.with_ttl;
    made.with_cas = given.with_cas;
    return made;
}

inline zcache_write_options to_c(const zcache::write_options &given) noexcept
{
    zcache_write_options made{};
    made.size = sizeof(made);
    made.ttl_ms = given.ttl.to_c();
    made.timeout_ms = given.timeout.count();
    return made;
}

inline zcache_scan_options scan_for(std::chrono::milliseconds timeout) noexcept
{
    zcache_scan_options made{};
    made.size = sizeof(made);
    made.timeout_ms = timeout.count();
    return made;
}

inline zcache::cas_result cas_result_of(zcache_status status)
{
    check(status);
    return status == ZCACHE_OK         ? zcache::cas_result::stored
           : status == ZCACHE_CONFLICT ? zcache::cas_result::conflict
                                       : zcache::cas_result::missing;
}

/* A callable that C calls: no exception goes through C, it waits here until C has returned. */
template <class Callable> struct callback {
    Callable &callable;
    std::exception_ptr thrown = nullptr;

    /* What the callable returns; `otherwise` if it throws, or has thrown before. */
    template <class Result, class... Arguments>
    Result call(Result otherwise, Arguments &&...arguments) noexcept
    {
        if (thrown != nullptr)
            return otherwise;
        try {
            return callable(std::forward<Arguments>(arguments)...);
        } catch (...) {
            thrown = std::current_exception();
            return otherwise;
        }
    }

    void rethrow() const
    {
        if (thrown != nullptr)
            std::rethrow_exception(thrown);
    }
};

/* Buffers that C reads into. */
struct buffers {
    std::vector<zcache_value> values;

    explicit buffers(size_t n) : values(n, zcache_value ZCACHE_VALUE_INIT)
    {
    }
    buffers(const buffers &) = delete;
    buffers &operator=(const buffers &) = delete;
    ~buffers()
    {
        for (zcache_value &one : values)
            zcache_value_free(&one);
    }

    std::string bytes(size_t i) const
    {
        return std::string(view({values[i].data, values[i].size}));
    }
};

} // namespace zcache_detail

#endif /* ZCACHE_DETAIL_HPP */
