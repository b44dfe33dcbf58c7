/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The lmdb provider on what it cannot use: files that were cut, that are another program's, that a
 * crash of the machine may have torn; directories that others may write to; a disk that is full.
 * Whatever it is, it is told, and nothing that is there is lost.
 */
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lmdb-harness.h"

static const char *new_store(void)
{
    const char *path = lmdb_new_path();
    zcache *cache = LMDB_OPEN(path, "lmdb.size=4m", LMDB_PREFIX);
    for (int i = 0; i < 300; i++) {
        char key[32];
        snprintf(key, sizeof(key), "k%d", i);
        put(cache, key, "a value of some bytes");
    }
    assert_status(ZCACHE_OK, zcache_close(cache));
    return path;
}

static void assert_refused(zcache_status status, const char *part, const char *path)
{
    zcache *cache = NULL;
    assert_error(status, part, LMDB_TRY(&cache, path, "lmdb.size=4m", LMDB_PREFIX));
    assert_non_null(strstr(zcache_error_message(), path));
    assert_null(cache);
}

static void assert_all_there(const char *path)
{
    zcache *cache = LMDB_OPEN(path, "lmdb.size=4m", LMDB_PREFIX);
    for (int i = 0; i < 300; i++) {
        char key[32];
        snprintf(key, sizeof(key), "k%d", i);
        assert_holds(cache, key, "a value of some bytes");
    }
    assert_status(ZCACHE_OK, zcache_close(cache));
}

/* ---- files ----------------------------------------------------------------------------------- */

static off_t length_of(const char *file)
{
    struct stat found;
    assert_int_equal(stat(file, &found), 0);
    return found.st_size;
}

static void test_file_that_was_cut_is_refused_and_left_alone(void **state)
{
    (void)state;
    static const off_t cuts[] = {4096, 1, 0}; /* bytes less, or what is left */
    const char *path = new_store();
    const char *data = lmdb_file(path, "data.mdb");
    off_t whole = length_of(data);
    assert_int_equal(whole, 4 << 20);
    for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
        off_t left = cuts[i] == 0 ? 3 * 4096 : whole - cuts[i];
        data = lmdb_file(path, "data.mdb");
        assert_int_equal(truncate(data, left), 0);
        assert_refused(ZCACHE_E_PROTOCOL, "was cut", path);
        assert_int_equal(length_of(data), left);
        if (cuts[i] != 0) { /* the end is empty yet: with its length the store is whole */
            assert_int_equal(truncate(data, whole), 0);
            assert_all_there(path);
        }
    }
    assert_int_equal(truncate(lmdb_file(path, "data.mdb"), 0), 0);
    assert_refused(ZCACHE_E_PROTOCOL, "was cut", path);
}

static void test_file_of_other_bytes_is_refused(void **state)
{
    (void)state;
    const char *path = new_store();
    static const char noise[] = "this is no database, but somebody's letter\n";
    int fd = open(lmdb_file(path, "data.mdb"), O_WRONLY | O_CLOEXEC);
    assert_int_not_equal(fd, -1);
    for (off_t at = 0; at < 4 * 4096; at += (off_t)sizeof(noise))
        assert_int_equal(pwrite(fd, noise, sizeof(noise), at), sizeof(noise));
    close(fd);
    off_t before = length_of(lmdb_file(path, "data.mdb"));
    assert_refused(ZCACHE_E_PROTOCOL, "no store of zcache", path);
    assert_int_equal(length_of(lmdb_file(path, "data.mdb")), before);
}

/* Another program's LMDB environment is not taken for an empty one. */
static void test_environment_of_another_program_is_refused_and_left_alone(void **state)
{
    (void)state;
    const char *path = lmdb_new_path();
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_val key = {5, (char[]){"theirs"}}, value = {4, (char[]){"data"}};
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_open(env, path, 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
    assert_int_equal(mdb_put(txn, dbi, &key, &value, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
    assert_refused(ZCACHE_E_PROTOCOL, "no store of zcache", path);
    assert_int_equal(access(lmdb_file(path, "zcache.state"), F_OK), -1);
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_open(env, path, 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
    assert_int_equal(mdb_get(txn, dbi, &key, &value), 0);
    assert_memory_equal(value.mv_data, "data", 4);
    mdb_txn_abort(txn);
    mdb_env_close(env);
}

static void test_state_of_another_version_is_refused(void **state)
{
    (void)state;
    const char *path = new_store();
    int fd = open(lmdb_file(path, "zcache.state"), O_WRONLY | O_CLOEXEC);
    assert_int_not_equal(fd, -1);
    assert_int_equal(pwrite(fd, "zcache lmdb 9\n", 14, 0), 14);
    assert_refused(ZCACHE_E_PROTOCOL, "zcache.state", path);
    assert_int_equal(pwrite(fd, "zcache lmdb 1\n", 14, 0), 14);
    close(fd);
    assert_all_there(path);
}

/* ---- crashes of the machine ------------------------------------------------------------------ */

/* zcache.state as it is left when the machine goes down: with the boot of then. */
static void leave_boot(const char *path, const char *boot)
{
    char field[40] = {0};
    snprintf(field, sizeof(field), "%s", boot);
    int fd = open(lmdb_file(path, "zcache.state"), O_WRONLY | O_CLOEXEC);
    assert_int_not_equal(fd, -1);
    assert_int_equal(pwrite(fd, field, sizeof(field), 24), sizeof(field));
    close(fd);
}

static void read_boot(const char *path, char boot[40])
{
    int fd = open(lmdb_file(path, "zcache.state"), O_RDONLY | O_CLOEXEC);
    assert_int_not_equal(fd, -1);
    assert_int_equal(pread(fd, boot, 40, 24), 40);
    close(fd);
}

static void test_store_that_a_crash_of_the_machine_may_have_torn_starts_empty(void **state)
{
    (void)state;
    const char *path = new_store();
    leave_boot(path, "01234567-89ab-cdef-0123-456789abcdef");
    zcache *cache = LMDB_OPEN(path, "lmdb.size=4m", LMDB_PREFIX);
    assert_miss(cache, "k1");
    assert_int_equal(lmdb_stat(cache, "items"), 0);
    put(cache, "k1", "new");
    assert_status(ZCACHE_OK, zcache_close(cache));
    cache = LMDB_OPEN(path, "lmdb.size=4m", LMDB_PREFIX);
    assert_holds(cache, "k1", "new");
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_boot_is_noted_while_something_is_not_flushed(void **state)
{
    (void)state;
    char boot[40];
    const char *path = lmdb_new_path();
    zcache *cache = LMDB_OPEN(path, "lmdb.sync=never", LMDB_PREFIX);
    read_boot(path, boot);
    assert_string_equal(boot, "");
    put(cache, "k", "v");
    read_boot(path, boot);
    assert_int_equal(strlen(boot), 36);
    assert_status(ZCACHE_OK, zcache_close(cache)); /* flushes */
    read_boot(path, boot);
    assert_string_equal(boot, "");
    cache = LMDB_OPEN(path, "lmdb.sync=second", LMDB_PREFIX);
    put(cache, "k", "v");
    lmdb_wait_for(cache, "flushes", 1);
    for (int i = 0; i < 1000 && boot[0] != '\0'; i++) {
        clock_sleep_ms(10);
        read_boot(path, boot);
    }
    assert_string_equal(boot, "");
    assert_status(ZCACHE_OK, zcache_close(cache));
    cache = LMDB_OPEN(path, "lmdb.sync=commit", LMDB_PREFIX);
    put(cache, "k", "v");
    read_boot(path, boot);
    assert_string_equal(boot, "");
    assert_status(ZCACHE_OK, zcache_close(cache));
}

/* ---- directories ----------------------------------------------------------------------------- */

static void test_directory_that_cannot_be_trusted_is_refused(void **state)
{
    (void)state;
    const char *path = lmdb_new_path();
    zcache *cache = NULL;
    assert_error(ZCACHE_E_CONFIG, "absolute", LMDB_TRY(&cache, "relative/path", LMDB_PREFIX));
    assert_error(ZCACHE_E_CONFIG, "parent",
                 LMDB_TRY(&cache, lmdb_file(path, "no/parent"), LMDB_PREFIX));
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(chmod(path, 0777), 0);
    assert_refused(ZCACHE_E_CONFIG, "chmod 700", path);
    assert_int_equal(chmod(path, 0770), 0);
    assert_refused(ZCACHE_E_CONFIG, "chmod 700", path);
    cache = LMDB_OPEN(path, "lmdb.mode=0660", LMDB_PREFIX);
    put(cache, "k", "v");
    struct stat found;
    assert_int_equal(stat(lmdb_file(path, "data.mdb"), &found), 0);
    assert_int_equal(found.st_mode & 0777, 0660);
    assert_int_equal(stat(lmdb_file(path, "lock.mdb"), &found), 0);
    assert_int_equal(found.st_mode & 0777, 0660);
    assert_status(ZCACHE_OK, zcache_close(cache));
    static const char *const modes[] = {"lmdb.mode=0400", "lmdb.mode=755", "lmdb.mode=rw",
                                        "lmdb.mode="};
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
        assert_error(ZCACHE_E_CONFIG, "octal", LMDB_TRY(&cache, path, modes[i]));
}

static void test_new_directory_is_private(void **state)
{
    (void)state;
    static const char *const names[] = {"", "data.mdb", "lock.mdb", "zcache.state"};
    mode_t before = umask(0);
    const char *path = new_store();
    umask(before);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct stat found;
        assert_int_equal(stat(lmdb_file(path, names[i]), &found), 0);
        assert_int_equal(found.st_mode & 0077, 0);
    }
}

/* ---- a full disk ----------------------------------------------------------------------------- */

/* Writes until it is refused: what was acknowledged stays readable, and with room it goes on. */
static void fill_and_check(const char *path, void (*make_room)(const char *place),
                           const char *place)
{
    static char value[50001];
    zcache *cache;
    memset(value, 'v', sizeof(value) - 1);
    if (!check_status(ZCACHE_OK, LMDB_TRY(&cache, path, "lmdb.size=64m", LMDB_PREFIX)))
        return;
    int count = 0;
    zcache_status status = ZCACHE_OK;
    char key[32];
    while (count < 2000 && status == ZCACHE_OK) {
        snprintf(key, sizeof(key), "k%d", count);
        status = zcache_set(cache, key, value, sizeof(value) - 1, NULL);
        count += status == ZCACHE_OK;
    }
    check_status(ZCACHE_E_SERVER, status);
    check_that(strstr(zcache_error_message(), "make room") != NULL);
    check_that(count > 10 && count < 2000);
    for (int i = 0; i < count; i++) {
        snprintf(key, sizeof(key), "k%d", i);
        check_holds(cache, key, value);
    }
    make_room(place);
    check_status(ZCACHE_OK, zcache_set(cache, "with room", value, sizeof(value) - 1, NULL));
    check_holds(cache, "with room", value);
    check_holds(cache, "k0", value);
    check_status(ZCACHE_OK, zcache_close(cache));
}

static void lift_limit(const char *place)
{
    (void)place;
    struct rlimit all;
    check_that(getrlimit(RLIMIT_FSIZE, &all) == 0);
    all.rlim_cur = all.rlim_max;
    check_that(setrlimit(RLIMIT_FSIZE, &all) == 0);
}

static void test_limit_of_file_sizes_loses_nothing(void **state)
{
    (void)state;
    const char *path = lmdb_new_path();
    pid_t child = child_fork();
    if (child == 0) {
        struct rlimit small;
        check_that(getrlimit(RLIMIT_FSIZE, &small) == 0);
        small.rlim_cur = 4 << 20;
        check_that(setrlimit(RLIMIT_FSIZE, &small) == 0);
        fill_and_check(path, lift_limit, NULL);
        child_end();
    }
    assert_child_ends_well(child);
}

static void remove_ballast(const char *place)
{
    char file[4096];
    snprintf(file, sizeof(file), "%s/ballast", place);
    check_that(unlink(file) == 0);
}

static void test_full_disk_loses_nothing(void **state)
{
    (void)state;
    const char *place = temp_dir();
    if (mount("tmpfs", place, "tmpfs", 0, "size=8m,mode=0700") != 0) {
        print_message("# no tmpfs can be mounted here: %s\n", strerror(errno));
        skip();
    }
    char path[4096], ballast[4096];
    static char bytes[4 << 20];
    snprintf(path, sizeof(path), "%s/store", place);
    snprintf(ballast, sizeof(ballast), "%s/ballast", place);
    int fd = open(ballast, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
    close(fd);
    fill_and_check(path, remove_ballast, place);
    assert_int_equal(umount2(place, MNT_DETACH), 0);
    assert_int_equal(checks_failed(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file_that_was_cut_is_refused_and_left_alone),
        cmocka_unit_test(test_file_of_other_bytes_is_refused),
        cmocka_unit_test(test_environment_of_another_program_is_refused_and_left_alone),
        cmocka_unit_test(test_state_of_another_version_is_refused),
        cmocka_unit_test(test_store_that_a_crash_of_the_machine_may_have_torn_starts_empty),
        cmocka_unit_test(test_boot_is_noted_while_something_is_not_flushed),
        cmocka_unit_test(test_directory_that_cannot_be_trusted_is_refused),
        cmocka_unit_test(test_new_directory_is_private),
        cmocka_unit_test(test_limit_of_file_sizes_loses_nothing),
        cmocka_unit_test(test_full_disk_loses_nothing),
    };
    expect_of("lmdb");
    return cmocka_run_group_tests_name("lmdb-damage", tests, NULL, NULL);
}
